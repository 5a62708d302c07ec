import { newId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { TenantSql } from './tables.ts';

/** A policy before it has an id. */
export type NewPolicy = Omit<Policy, 'id'>;

/** The tenant's policies in their order. */
export async function listPolicies(db: TenantSql): Promise<Policy[]> {
  return db.selectFrom('policies').select(['id', 'name', 'rules']).orderBy('position').execute();
}

/** Replaces all policies of the tenant; within one transaction, so that nobody ever sees none. */
export async function replacePolicies(db: TenantSql, policies: readonly NewPolicy[]): Promise<void> {
  await db.deleteFrom('policies').execute();
  for (const [position, { name, rules }] of policies.entries()) {
    const row = { id: newId('policy'), name, position, rules: JSON.stringify(rules) };
    await db.insertInto('policies').values(row).execute();
  }
}

/** Policies to begin with. `open`: everything is allowed. `sample`: also, but an upgrade in production needs one approval within a day. */
export const STARTER_POLICIES: Readonly<Record<'open' | 'sample', NewPolicy>> = {
  open: { name: 'open', rules: [{ kind: 'allow_action', selector: {} }] },
  sample: {
    name: 'sample',
    rules: [
      { kind: 'allow_action', selector: {} },
      {
        kind: 'require_approval',
        selector: { action: 'deploy.upgrade', environment: 'production' },
        params: { quorum: 1, expires_in_seconds: 24 * 3600 },
      },
    ],
  },
};
