import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import { lockOwn } from '../../db/own-tenant.ts';
import {
  countPolicies,
  countRules,
  findPolicy,
  type KeptPolicy,
  pageOfPolicies,
  pageOfVersions,
  policiesInForce,
  tenantsReached,
} from '../../db/policies.ts';
import { addPolicy, changePolicy, removePolicy } from '../../db/policy-changes.ts';
import type { TenantSql } from '../../db/tables.ts';
import { newId } from '../../domain/ids.ts';
import type { NewPolicy } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { otherTenant } from '../http/auth.guard.ts';
import { type ExpectedVersions, requireVersion } from '../http/etag.ts';
import { claim } from '../http/idempotency.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { enforceable } from './enforceable.ts';
import type {
  PolicyAnswer,
  PolicyCreateRequest,
  PolicyListQuery,
  PolicyVersionAnswer,
} from './policies.schemas.ts';
import { answerOf, versionAnswerOf } from './policy-answer.ts';
import { compileConditions } from './turns.ts';
import { warningsAbout } from './warnings.ts';

interface PolicyCommand {
  readonly caller: Principal;
  readonly by: Author;
  readonly request: PolicyCreateRequest;
}

interface PolicyChange {
  readonly by: Author;
  readonly policyId: string;
  readonly expected: ExpectedVersions;
}

/** All are read at each admission. */
const MOST_POLICIES = 500;
const MOST_RULES = 5000;

/** Policies of the caller’s tenant. They are plain settings: what changes them is no workflow. */
export class PoliciesService {
  readonly #database: Pick<Database, 'forTenant' | 'inTenant'>;

  constructor(database: Pick<Database, 'forTenant' | 'inTenant'>) {
    this.#database = database;
  }

  /** Key, policy, version and audit record are written together: a repeated request finds all or nothing. */
  async create({
    caller,
    by,
    request,
    key,
  }: PolicyCommand & { key: string | undefined }): Promise<Begun<PolicyAnswer>> {
    mustBeOwn(caller, request);
    await compileConditions(request.rules, 'rules');
    return this.#database.inTenant(caller.tenantId, async sql => {
      await lockOwn(sql, 'policies');
      const wanted = await readPolicy(sql, request);
      const ids = { policyId: newId('policy') };
      const command = { caller, key, route: 'POST /v1/policies', body: request, ids };
      const claimed = await claim({ forTenant: () => sql }, command);
      const { policyId } = claimed.ids;
      const policy = claimed.replayed
        ? await madeBefore(sql, policyId)
        : await add(sql, { ...wanted, id: policyId }, by);
      return {
        body: await withWarnings(sql, policy),
        location: `/v1/policies/${policyId}`,
        replayed: claimed.replayed,
      };
    });
  }

  /** Makes the policy what the request says, as its next version. */
  async replace({
    caller,
    by,
    request,
    policyId,
    expected,
  }: PolicyCommand & PolicyChange): Promise<PolicyAnswer> {
    mustBeOwn(caller, request);
    await compileConditions(request.rules, 'rules');
    return this.#database.inTenant(caller.tenantId, async sql => {
      const { version } = await changeable(sql, { policyId, expected });
      const wanted = await readPolicy(sql, request);
      await mustFit(sql, { ...wanted, id: policyId });
      const changed = await changePolicy(sql, { ...wanted, id: policyId, version }, by);
      if (!changed) throw nameTaken(request.name);
      return withWarnings(sql, changed);
    });
  }

  async list({ tenantId }: Principal, query: PolicyListQuery) {
    const filter = { scopeEnv: query.scope_env, inherited: query.inherited === 'true' };
    const page = await pageOfPolicies(this.#database.forTenant(tenantId), {
      ...filter,
      ...pageRequest(query),
    });
    return pageAnswer({ ...page, items: page.items.map(policy => answerOf(policy)) });
  }

  async read({ tenantId }: Principal, policyId: string): Promise<PolicyAnswer> {
    return this.#database.inTenant(tenantId, async sql => {
      const policy = await findPolicy(sql, policyId);
      if (!policy) throw notFound('policy', policyId);
      return withWarnings(sql, policy);
    });
  }

  /** Also of a policy that was deleted; of one of a tenant above, only that tenant sees them. */
  async versions({ tenantId }: Principal, { policyId, query }: { policyId: string; query: Paging }) {
    const versions = { policyId, ...pageRequest(query) };
    const page = await pageOfVersions(this.#database.forTenant(tenantId), versions);
    if (page.items.length === 0) throw notFound('policy', policyId);
    const items: PolicyVersionAnswer[] = page.items.map(versionAnswerOf);
    return pageAnswer({ ...page, items });
  }

  async remove({ tenantId }: Principal, { by, ...change }: PolicyChange): Promise<void> {
    await this.#database.inTenant(tenantId, async sql => {
      await removePolicy(sql, await changeable(sql, change), by);
    });
  }
}

function mustBeOwn({ tenantId }: Principal, { tenant_id }: PolicyCreateRequest): void {
  if (tenant_id && tenant_id !== tenantId) throw otherTenant(tenant_id);
}

async function readPolicy(
  sql: TenantSql,
  { name, scope_env, mode, rules }: PolicyCreateRequest,
): Promise<NewPolicy> {
  const tenants = await tenantsReached(sql);
  return { name, scope_env, mode, rules: enforceable({ rules, scope_env: scope_env ?? null, tenants }) };
}

/** Every rule is read and judged at each admission. */
async function mustFit(sql: TenantSql, { id, rules }: Pick<KeptPolicy, 'id' | 'rules'>): Promise<void> {
  const others = await countRules(sql, id);
  if (others + rules.length <= MOST_RULES) return;
  throw new ProblemError(
    'quota_exceeded',
    `The tenant’s other policies have ${others} rules, and with these ${rules.length} there would be more than the ${MOST_RULES} that are kept. Delete some, or say more with one.`,
  );
}

async function add(sql: TenantSql, policy: NewPolicy & { id: string }, by: Author): Promise<KeptPolicy> {
  await mustFit(sql, policy);
  if ((await countPolicies(sql)) >= MOST_POLICIES)
    throw new ProblemError(
      'quota_exceeded',
      `The tenant has ${MOST_POLICIES} policies, and no more are kept. Delete one, or put the rules into one that is there.`,
    );
  const made = await addPolicy(sql, policy, by);
  if (made) return made;
  throw nameTaken(policy.name);
}

function nameTaken(name: string): ProblemError {
  return new ProblemError(
    'name_taken',
    `The tenant has a policy ${JSON.stringify(name)} already. Choose another name, or delete that one first.`,
  );
}

/** The policy under the lock, when it is the tenant's own and as it was expected. */
async function changeable(
  sql: TenantSql,
  { policyId, expected }: Pick<PolicyChange, 'policyId' | 'expected'>,
): Promise<KeptPolicy> {
  await lockOwn(sql, 'policies');
  const policy = await findPolicy(sql, policyId);
  if (!policy) throw notFound('policy', policyId);
  if (policy.inherited_from !== null)
    throw new ProblemError(
      'policy_inherited',
      `The policy ${policyId} was made by the tenant ${policy.inherited_from}, which is above this one, and can only be changed there.`,
    );
  requireVersion(expected, policy.version);
  return policy;
}

async function madeBefore(sql: TenantSql, policyId: string): Promise<KeptPolicy> {
  const policy = await findPolicy(sql, policyId);
  if (policy) return policy;
  throw new ProblemError(
    'not_found',
    `This Idempotency-Key made the policy ${policyId}, which has been deleted since. Use a new key to make it again.`,
  );
}

async function withWarnings(sql: TenantSql, policy: KeptPolicy): Promise<PolicyAnswer> {
  const [policies, tenants] = [await policiesInForce(sql), await tenantsReached(sql)];
  return answerOf(policy, warningsAbout(policy.id, { policies, tenants }));
}
