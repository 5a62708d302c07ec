import { openAsOwner } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import type { ApiKeyRequest } from '../../domain/api-key.ts';
import { newId } from '../../domain/ids.ts';
import type { Role } from '../../domain/principal.ts';

/** The keys of the fuzzer, and the person in whose place it may act, by the names schemathesis.toml and hooks.py have for them. */
export interface FuzzedKeys extends Record<`FUZZ_${string}`, string> {
  readonly FUZZ_KEY: string;
  /** Of somebody who did not ask for what the fuzzer asks for. */
  readonly FUZZ_APPROVER_KEY: string;
  readonly FUZZ_POLICY_KEY: string;
  readonly FUZZ_PEOPLE_KEY: string;
  readonly FUZZ_OWNER: string;
}

type KeyWish = Pick<ApiKeyRequest, 'name' | 'principalId' | 'ownerId'> & { readonly role?: Role };

/** Makes the tenants with their keys; each has the same person as owner of the fuzzer. */
export async function makeKeys(ownerUrl: string): Promise<FuzzedKeys> {
  await migrate(ownerUrl);
  const database = openAsOwner(ownerUrl);
  const FUZZ_OWNER = newId('principal');
  const keyOf = async (tenantId: string, { role = 'tenant_admin', ...who }: KeyWish) => {
    const kind = who.ownerId === undefined ? 'human' : 'agent';
    const made = await createApiKey(database, {
      ...who,
      kind,
      roles: [role],
      tenantId,
      installation: 'fuzz',
    });
    return made.token;
  };
  const fuzzerOf = async (tenantId: string, role: Role = 'tenant_admin') => {
    await createTenant(database, { tenantId, policies: [STARTER_POLICIES.open] });
    await keyOf(tenantId, { name: 'owner', principalId: FUZZ_OWNER, role });
    return keyOf(tenantId, { name: 'fuzzer', ownerId: FUZZ_OWNER, role });
  };
  try {
    return {
      FUZZ_OWNER,
      FUZZ_KEY: await fuzzerOf('fuzzed'),
      FUZZ_APPROVER_KEY: await keyOf('fuzzed', { name: 'approver' }),
      FUZZ_POLICY_KEY: await fuzzerOf('governed'),
      FUZZ_PEOPLE_KEY: await fuzzerOf('peopled', 'super_admin'),
    };
  } finally {
    await database.close();
  }
}
