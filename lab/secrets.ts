import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords and tokens of one lab, made on first use and kept in a file only its owner can read. */
export interface Secrets {
  of(name: string): string;
}

/** Opens the secrets kept in a data directory. */
export function openSecrets(dataDir: string): Secrets {
  const path = join(dataDir, 'secrets.json');
  const kept: Record<string, string> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  return {
    of(name) {
      const known = kept[name];
      if (known !== undefined) return known;
      const made = randomBytes(24).toString('hex');
      kept[name] = made;
      writePrivately(path, `${JSON.stringify(kept, null, 2)}\n`);
      return made;
    },
  };
}

/** Writes a file that nobody else can read, whole or not at all. */
export function writePrivately(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, path);
}
