import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivately } from './secrets.ts';

/** Where the lab keeps the key of its audit, made on first use, and the checkpoints beside its database. */
export function auditSettings(dataDir: string): Record<string, string> {
  const keyFile = join(dataDir, 'audit', 'key.pem');
  if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writePrivately(keyFile, String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  }
  return { RUNTIMEAI_AUDIT_KEY_FILE: keyFile, RUNTIMEAI_AUDIT_ANCHOR: join(dataDir, 'audit', 'anchor') };
}
