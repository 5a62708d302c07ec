import packageJson from '../../package.json' with { type: 'json' };
import { openApiDocument } from './document.ts';

process.stdout.write(`${JSON.stringify(openApiDocument(packageJson.version), null, 2)}\n`);
