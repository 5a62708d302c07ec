import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { newId } from '../domain/ids.ts';
import type { NewPolicy, Policy } from '../domain/policy.ts';
import { appendAudit } from './audit.ts';
import { type Author, OPERATOR } from './author.ts';
import { lockOwn, OWN_TENANT } from './own-tenant.ts';
import { findPolicy, type KeptPolicy, listPolicies } from './policies.ts';
import type { TenantSql } from './tables.ts';

/** Adds a policy behind all others; answers nothing when its name is taken. Within a transaction that holds the lock. */
export async function addPolicy(
  db: TenantSql,
  { id, ...policy }: NewPolicy & { readonly id: string },
  by: Author,
): Promise<KeptPolicy | undefined> {
  if (await isTaken(db, policy.name)) return undefined;
  const position = sql<number>`(select coalesce(max(position), -1) + 1 from policies
    where tenant_id = ${OWN_TENANT})`;
  await db
    .insertInto('policies')
    .values({ id, ...columnsOf(policy), position })
    .execute();
  await record(db, { ...policy, id, version: 1 }, { by, action: 'policy.create' });
  return findPolicy(db, id);
}

/** Gives one of the tenant's policies a new version; answers nothing when its new name is taken. Holds the lock. */
export async function changePolicy(
  db: TenantSql,
  { id, ...policy }: NewPolicy & { readonly id: string; readonly version: number },
  by: Author,
): Promise<KeptPolicy | undefined> {
  if (await isTaken(db, policy.name, id)) return undefined;
  const version = policy.version + 1;
  await db
    .updateTable('policies')
    .set({ ...columnsOf(policy), version, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await record(db, { ...policy, id, version }, { by, action: 'policy.update' });
  return findPolicy(db, id);
}

/** Takes one of the tenant's policies away; its versions stay. Within a transaction that holds the lock. */
export async function removePolicy(db: TenantSql, policy: Policy, by: Author): Promise<void> {
  await db.deleteFrom('policies').where('id', '=', policy.id).executeTakeFirstOrThrow();
  await record(db, { ...policy, version: policy.version + 1 }, { by, action: 'policy.delete' });
}

/**
 * Makes the tenant's own policies exactly these, in this order; within one transaction, so that nobody ever sees none.
 * What has the name of one that is there becomes its next version, or stays as it is when nothing differs.
 */
export async function replacePolicies(
  db: TenantSql,
  policies: readonly NewPolicy[],
  by: Author = OPERATOR,
): Promise<void> {
  await lockOwn(db, 'policies');
  const before = new Map((await listPolicies(db)).map(policy => [policy.name, policy]));
  const wanted = new Set(policies.map(({ name }) => name));
  for (const policy of before.values()) if (!wanted.has(policy.name)) await removePolicy(db, policy, by);
  for (const [position, policy] of policies.entries()) {
    const id = await put(db, { policy, present: before.get(policy.name) }, by);
    await db.updateTable('policies').set({ position }).where('id', '=', id).execute();
  }
}

async function put(
  db: TenantSql,
  { policy, present }: { policy: NewPolicy; present: Policy | undefined },
  by: Author,
): Promise<string> {
  if (present && isSame(present, policy)) return present.id;
  const id = present?.id ?? newId('policy');
  const made = present
    ? await changePolicy(db, { ...policy, id, version: present.version }, by)
    : await addPolicy(db, { ...policy, id }, by);
  if (made) return made.id;
  throw new Error(`Two of the policies have the name ${JSON.stringify(policy.name)}. Rename one of them.`);
}

function isSame(present: Policy, { scope_env = null, mode = 'enforce', rules }: NewPolicy): boolean {
  return (
    present.scope_env === scope_env && present.mode === mode && isDeepStrictEqual(present.rules, plain(rules))
  );
}

/** As it comes back from the database: what is undefined is not there. */
function plain(rules: NewPolicy['rules']): unknown {
  return JSON.parse(JSON.stringify(rules));
}

/** Asked before the insert: a violated constraint would end the transaction. Safe, because the lock is held. */
async function isTaken(db: TenantSql, name: string, except = ''): Promise<boolean> {
  const taken = await db
    .selectFrom('policies')
    .select('id')
    .where('tenant_id', '=', OWN_TENANT)
    .where('name', '=', name)
    .where('id', '<>', except)
    .executeTakeFirst();
  return taken !== undefined;
}

function columnsOf({ name, scope_env = null, mode = 'enforce', rules }: NewPolicy) {
  return { name, scope_env, mode, rules: JSON.stringify(rules) };
}

interface Changed extends NewPolicy {
  readonly id: string;
  readonly version: number;
}

type Change = 'policy.create' | 'policy.update' | 'policy.delete';

/** The version and the audit's record of it. */
async function record(
  db: TenantSql,
  { id, version, ...policy }: Changed,
  { by, action }: { by: Author; action: Change },
): Promise<void> {
  const columns = columnsOf(policy);
  await db
    .insertInto('policy_versions')
    .values({
      ...columns,
      policy_id: id,
      version,
      removed: action === 'policy.delete',
      changed_by: by.actor.id,
    })
    .execute();
  await appendAudit(db, {
    ...by,
    action,
    object: { kind: 'policy', id, name: policy.name },
    environment: columns.scope_env,
    outcome: 'succeeded',
    details: { version, mode: columns.mode, rules: policy.rules.length },
  });
}
