import type { Database } from '../../db/database.ts';
import { readHoldings } from '../../db/holdings.ts';
import { policiesInForce, tenantsReached } from '../../db/policies.ts';
import { listPolicyDecisions } from '../../db/policy-decisions.ts';
import { findRuntime } from '../../db/runtimes.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { Policy, PolicyRule } from '../../domain/policy.ts';
import { mayDoIn, type Principal } from '../../domain/principal.ts';
import { PRICES, type Prices } from '../../domain/rules/prices.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { type AdmissionExport, admissionPolicies } from '../../policy/admission-policy.ts';
import { withDrafts } from '../../policy/drafts.ts';
import { explain } from '../../policy/explain.ts';
import { type ReplayReport, replay } from '../../policy/replay.ts';
import { SAMPLE_QUESTION } from '../../policy/sample-question.ts';
import { runSuite, type SuiteReport } from '../../policy/suite.ts';
import { notFound } from '../http/problem.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import { checkQuestion } from './check-question.ts';
import { enforceable } from './enforceable.ts';
import type {
  PolicyCheckAnswer,
  PolicyCheckRequest,
  PolicyExportQuery,
  PolicyReplayRequest,
  PolicyTestRequest,
} from './judgements.schemas.ts';
import type { PolicyDraft } from './policies.schemas.ts';
import { compileConditions, inTurns } from './turns.ts';

interface JudgementParts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
  readonly prices?: Prices | undefined;
}

/** How many rules may be asked in one request, each as often as it is asked; one takes some microseconds. */
const MOST_ASKED_IN_A_TEST = 100_000;
const MOST_ASKED_IN_A_REPLAY = 2_000_000;

/** What the policies of the caller’s tenant say, would say and have said; nothing here changes anything. */
export class JudgementsService {
  readonly #parts: JudgementParts;

  constructor(parts: JudgementParts) {
    this.#parts = parts;
  }

  /** Judges a question and explains the answer. */
  async check(caller: Principal, request: PolicyCheckRequest): Promise<PolicyCheckAnswer> {
    const { database, prices = PRICES } = this.#parts;
    return database.inTenant(caller.tenantId, async sql => {
      const runtime = await this.#named(sql, { caller, runtimeId: request.runtime_id });
      const holdings = await readHoldings(sql, request.runtime_id ?? '');
      const policies = await policiesInForce(sql);
      const question = checkQuestion(request, { caller, runtime, holdings, prices, now: new Date() });
      const { verdict, ...explanation } = explain(question, policies);
      return { question, verdict, explanation };
    });
  }

  /** Judges fixtures by a draft or by the tenant’s policies, and tells which rules none of them met. */
  async test(caller: Principal, { policies: drafts, fixtures }: PolicyTestRequest): Promise<SuiteReport> {
    const policies = await this.#policies(caller, drafts);
    mustBeBounded('fixtures', {
      rules: rulesIn(policies),
      questions: fixtures.length,
      most: MOST_ASKED_IN_A_TEST,
    });
    const sample = { ...SAMPLE_QUESTION, tenant: caller.tenantId };
    const reports = await inTurns(fixtures, fixture => runSuite(policies, [fixture], sample));
    return reports.reduce(bothSuites);
  }

  /** Judges recorded questions again by a draft, and tells what would change. */
  async replay(caller: Principal, request: PolicyReplayRequest): Promise<ReplayReport> {
    const { policies: drafts, since, limit } = request;
    const policies = await this.#policies(caller, drafts);
    const decisions = await listPolicyDecisions(this.#parts.database.forTenant(caller.tenantId), {
      since: since === undefined ? undefined : new Date(since),
      limit,
    });
    const rules = rulesIn(policies);
    mustBeBounded('limit', { rules, questions: decisions.length, most: MOST_ASKED_IN_A_REPLAY });
    const reports = await inTurns(decisions, decision => replay([decision], policies));
    return allReplays(reports);
  }

  /** What of the policies the cluster can enforce by itself. */
  async export({ tenantId }: Principal, { except_user }: PolicyExportQuery): Promise<AdmissionExport> {
    const policies = await policiesInForce(this.#parts.database.forTenant(tenantId));
    return admissionPolicies(policies, { tenant: tenantId, exceptUser: except_user });
  }

  /** The answer tells what the runtime is, so that whoever may not read it there does not find it here. */
  async #named(
    sql: TenantSql,
    { caller, runtimeId }: { caller: Principal; runtimeId: string | undefined },
  ): Promise<Runtime | undefined> {
    if (runtimeId === undefined) return undefined;
    const runtime = await findRuntime(sql, { runtimeId, maxAgeSeconds: this.#parts.maxAgeSeconds });
    if (!runtime || !mayDoIn(caller, 'runtime:read', runtime.project)) throw notFound('runtime', runtimeId);
    return runtime;
  }

  /** Those in force, with drafts in place of the tenant’s own where there are any. */
  async #policies({ tenantId }: Principal, drafts: readonly PolicyDraft[] | undefined): Promise<Policy[]> {
    await compileConditions(drafts?.flatMap(({ rules }) => rules) ?? [], 'policies');
    return this.#parts.database.inTenant(tenantId, async sql => {
      const inForce = await policiesInForce(sql);
      if (drafts === undefined) return inForce;
      const tenants = await tenantsReached(sql);
      const read = drafts.map((draft, index) => ({ ...draft, rules: rulesOf(draft, { index, tenants }) }));
      return withDrafts(inForce, read);
    });
  }
}

function rulesOf(
  { rules, scope_env = null }: PolicyDraft,
  { index, tenants }: { index: number; tenants: readonly string[] },
): PolicyRule[] {
  return enforceable({ rules, scope_env, tenants, within: ['policies', index] });
}

function rulesIn(policies: readonly Policy[]): number {
  return policies.reduce((sum, { rules }) => sum + rules.length, 0);
}

function mustBeBounded(
  field: string,
  { rules, questions, most }: { rules: number; questions: number; most: number },
): void {
  if (rules * questions <= most) return;
  const fitting = Math.max(1, Math.floor(most / rules));
  const message = `${questions} questions to ${rules} rules are more than one request may ask; ask at most ${fitting} at a time`;
  throw unprocessableRequest('', [{ path: [field], message }]);
}

/** What two parts of a suite came to, as one. */
function bothSuites(one: SuiteReport, other: SuiteReport): SuiteReport {
  const rules = one.coverage.rules.map((rule, at) => ({
    ...rule,
    matched: rule.matched + (other.coverage.rules[at]?.matched ?? 0),
  }));
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    fixtures: [...one.fixtures, ...other.fixtures],
    coverage: { rules, never_matched: rules.filter(({ matched }) => matched === 0).length },
  };
}

function allReplays(reports: readonly ReplayReport[]): ReplayReport {
  const groups = Map.groupBy(
    reports.flatMap(report => report.counts),
    ({ from, to }) => `${from} ${to}`,
  );
  const counts = [...groups.values()].flatMap(group =>
    group[0] ? [{ ...group[0], decisions: group.reduce((sum, each) => sum + each.decisions, 0) }] : [],
  );
  return {
    decisions: reports.reduce((sum, each) => sum + each.decisions, 0),
    unchanged: reports.reduce((sum, each) => sum + each.unchanged, 0),
    counts: counts.toSorted((a, b) => b.decisions - a.decisions),
    changed: reports.flatMap(({ changed }) => changed),
  };
}
