import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Settings } from './config.ts';

/** The page `docs/configuration.md`, made from the settings themselves. */
export function configurationPage(): string {
  const rows = Object.entries(Settings.shape).map(
    ([name, setting]) => `| \`${name}\` | ${defaultOf(setting)} | ${setting.description ?? ''} |`,
  );
  return `${[
    '# Configuration',
    '',
    'Every process reads its settings from the environment, once, when it starts; an unusable one stops it with a message that names',
    'the variable. This page is made from `process/config.ts` by `npm run docs`.',
    '',
    '| variable | default | meaning |',
    '|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

function defaultOf(setting: z.ZodType): string {
  const parsed = setting.safeParse(undefined);
  if (!parsed.success) return '**required**';
  const word = String(parsed.data ?? '');
  return word === '' ? '–' : `\`${word}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync('docs/configuration.md', configurationPage());
  console.log('docs/configuration.md');
}
