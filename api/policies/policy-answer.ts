import type { KeptPolicy, PolicyVersion } from '../../db/policies.ts';
import type { PolicyWarning } from '../../policy/contradictions.ts';
import type { PolicyAnswer, PolicyVersionAnswer } from './policies.schemas.ts';

/** A policy as it is answered; in lists without warnings. */
export function answerOf(policy: KeptPolicy, warnings?: readonly PolicyWarning[]): PolicyAnswer {
  const { id, name, scope_env, mode, version, rules, inherited_from, tenantId, createdAt, updatedAt } =
    policy;
  return {
    id,
    name,
    tenant_id: tenantId,
    inherited_from,
    scope_env,
    mode,
    version,
    rules,
    ...(warnings && { warnings: warnings.map(each => ({ ...each, rules: [...each.rules] })) }),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt?.toISOString() ?? null,
  };
}

/** A version of a policy as it is answered. */
export function versionAnswerOf({ changedBy, changedAt, ...version }: PolicyVersion): PolicyVersionAnswer {
  const { name, scope_env, mode, rules, removed } = version;
  const changed = { changed_by: changedBy, changed_at: changedAt.toISOString() };
  return { version: version.version, name, scope_env, mode, rules, removed, ...changed };
}
