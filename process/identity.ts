import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { IdentitySettings, type Issuer } from '../domain/identity.ts';
import type { Settings } from './config.ts';

/** The issuers whose tokens are taken, from the setting or from the file it may name; none when neither is set. */
export function identityOf(
  settings: Pick<Settings, 'RUNTIMEAI_IDENTITY' | 'RUNTIMEAI_IDENTITY_FILE'>,
): readonly Issuer[] {
  const { RUNTIMEAI_IDENTITY: given, RUNTIMEAI_IDENTITY_FILE: file } = settings;
  if (given && file)
    throw new Error('RUNTIMEAI_IDENTITY and RUNTIMEAI_IDENTITY_FILE are both set. Keep one of them.');
  return given?.issuers ?? (file ? readIdentityFile(file).issuers : []);
}

function readIdentityFile(file: string): IdentitySettings {
  const parsed = IdentitySettings.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(
    `RUNTIMEAI_IDENTITY_FILE ${file} is not usable:\n${z.prettifyError(parsed.error)}\nSee docs/identity.md.`,
  );
}
