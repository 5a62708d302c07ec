import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { keyName } from '../../audit/checkpoint.ts';
import { type NoteSigner, noteSigner, verifierLine } from '../../audit/note.ts';
import { Settings } from '../../process/config.ts';

const KeySettings = Settings.pick({ RUNTIMEAI_INSTALLATION: true, RUNTIMEAI_AUDIT_KEY_FILE: true });

/** `admin audit key`. */
export function keyCommand(): Command {
  return new Command('key')
    .description(
      'Makes the key that signs the audit, unless the file is there already, and prints its public half: give that to the auditors.',
    )
    .argument('[file]', 'where the private key is kept; RUNTIMEAI_AUDIT_KEY_FILE when left out')
    .action((file?: string) => {
      const path = file ?? keyFile();
      if (!existsSync(path)) makeKey(path);
      console.log(verifierLine(signerFrom(path)));
    });
}

/** The key that signs the audit, from its file. */
export function signerFrom(path: string): NoteSigner {
  return noteSigner(keyName(settings().RUNTIMEAI_INSTALLATION), readFileSync(path, 'utf8'));
}

/** The file that the settings name. */
export function keyFile(): string {
  const { RUNTIMEAI_AUDIT_KEY_FILE: path } = settings();
  if (path) return path;
  throw new Error('No file for the key of the audit is named. Name one, or set RUNTIMEAI_AUDIT_KEY_FILE.');
}

function settings(environment: NodeJS.ProcessEnv = process.env): z.infer<typeof KeySettings> {
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = KeySettings.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  throw new Error(`The settings are not usable:\n${z.prettifyError(parsed.error)}`);
}

function makeKey(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
  console.error(`Made ${path}. Keep it where only the workers for control can read it.`);
}
