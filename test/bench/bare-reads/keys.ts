import { readApiKey } from '../../../db/api-key-format.ts';
import { findKey, type KnownKey } from '../../../db/api-keys.ts';
import type { Database } from '../../../db/database.ts';

/** The one key of the benchmark, read once: both sides check it from memory. */
export async function openKeys(database: Database, token: string): Promise<ReadonlyMap<string, KnownKey>> {
  const keyId = readApiKey(token)?.keyId ?? '';
  const key = await findKey(database, keyId);
  if (key === undefined)
    throw new Error(`There is no key ${keyId}; the benchmark makes it before it starts this.`);
  return new Map([[keyId, key]]);
}
