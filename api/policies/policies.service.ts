import type { Database } from '../../db/database.ts';
import {
  addPolicy,
  countPolicies,
  findPolicy,
  type KeptPolicy,
  lockPolicies,
  pageOfPolicies,
  removePolicy,
} from '../../db/policies.ts';
import type { TenantSql } from '../../db/tables.ts';
import { newId } from '../../domain/ids.ts';
import type { PolicyRule } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { otherTenant } from '../http/auth.guard.ts';
import { type ExpectedVersions, requireVersion } from '../http/etag.ts';
import { claim } from '../http/idempotency.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { enforceable } from './enforceable.ts';
import type { PolicyAnswer, PolicyCreateRequest, PolicyListQuery } from './policies.schemas.ts';

interface PolicyCommand {
  readonly caller: Principal;
  readonly request: PolicyCreateRequest;
  readonly key: string | undefined;
}

/** All are read at each admission. */
const MOST_POLICIES = 500;

/** A policy is made and taken away, never changed. */
export const POLICY_VERSION = 1;

/** Policies of the caller’s tenant. They are plain settings: what changes them is no workflow. */
export class PoliciesService {
  readonly #database: Pick<Database, 'forTenant' | 'inTenant'>;

  constructor(database: Pick<Database, 'forTenant' | 'inTenant'>) {
    this.#database = database;
  }

  /** Key and policy are written together: a repeated request finds both or neither. */
  async create({ caller, request, key }: PolicyCommand): Promise<Begun<PolicyAnswer>> {
    if (request.tenant_id && request.tenant_id !== caller.tenantId) throw otherTenant(request.tenant_id);
    const rules = enforceable(request.rules);
    return this.#database.inTenant(caller.tenantId, async sql => {
      await lockPolicies(sql);
      const ids = { policyId: newId('policy') };
      const claimed = await claim(
        { forTenant: () => sql },
        { caller, key, route: 'POST /v1/policies', body: request, ids },
      );
      const { policyId } = claimed.ids;
      const policy = claimed.replayed
        ? await madeBefore(sql, policyId)
        : await add(sql, { policyId, request, rules });
      return { body: answerOf(policy), location: `/v1/policies/${policyId}`, replayed: claimed.replayed };
    });
  }

  async list({ tenantId }: Principal, query: PolicyListQuery) {
    const page = await pageOfPolicies(this.#database.forTenant(tenantId), {
      scopeEnv: query.scope_env,
      ...pageRequest(query),
    });
    return pageAnswer({ ...page, items: page.items.map(answerOf) });
  }

  async read({ tenantId }: Principal, policyId: string): Promise<PolicyAnswer> {
    const policy = await findPolicy(this.#database.forTenant(tenantId), policyId);
    if (!policy) throw notFound('policy', policyId);
    return answerOf(policy);
  }

  async remove(
    { tenantId }: Principal,
    { policyId, expected }: { policyId: string; expected: ExpectedVersions },
  ): Promise<void> {
    await this.#database.inTenant(tenantId, async sql => {
      await lockPolicies(sql);
      if (!(await findPolicy(sql, policyId))) throw notFound('policy', policyId);
      requireVersion(expected, POLICY_VERSION);
      await removePolicy(sql, policyId);
    });
  }
}

async function add(
  sql: TenantSql,
  {
    policyId,
    request: { name, scope_env },
    rules,
  }: { policyId: string; request: PolicyCreateRequest; rules: PolicyRule[] },
): Promise<KeptPolicy> {
  if ((await countPolicies(sql)) >= MOST_POLICIES)
    throw new ProblemError(
      'quota_exceeded',
      `The tenant has ${MOST_POLICIES} policies, and no more are kept. Delete one, or put the rules into one that is there.`,
    );
  const made = await addPolicy(sql, { id: policyId, name, scope_env, rules });
  if (made) return made;
  throw new ProblemError(
    'name_taken',
    `The tenant has a policy ${JSON.stringify(name)} already. Choose another name, or delete that one first.`,
  );
}

async function madeBefore(sql: TenantSql, policyId: string): Promise<KeptPolicy> {
  const policy = await findPolicy(sql, policyId);
  if (policy) return policy;
  throw new ProblemError(
    'not_found',
    `This Idempotency-Key made the policy ${policyId}, which has been deleted since. Use a new key to make it again.`,
  );
}

function answerOf({ id, name, tenantId, scope_env, rules, createdAt }: KeptPolicy): PolicyAnswer {
  return { id, name, tenant_id: tenantId, scope_env, rules, created_at: createdAt.toISOString() };
}
