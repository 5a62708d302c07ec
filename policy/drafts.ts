import type { NewPolicy, Policy } from '../domain/policy.ts';

/** Drafts as policies of the tenant; by default they hold everywhere and are enforced. */
export function draftsOf(drafts: readonly NewPolicy[]): Policy[] {
  return drafts.map(({ name, scope_env = null, mode = 'enforce', rules }, index) => ({
    id: `draft_${index + 1}`,
    name,
    version: 1,
    mode,
    scope_env,
    rules,
    inherited_from: null,
  }));
}

/** The policies that would hold with drafts in the place of the tenant’s own; those of tenants above stay. */
export function withDrafts(inForce: readonly Policy[], drafts: readonly NewPolicy[]): Policy[] {
  return [...inForce.filter(({ inherited_from }) => inherited_from !== null), ...draftsOf(drafts)];
}
