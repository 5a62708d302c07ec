import { setImmediate as otherWorkFirst } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { readHoldings } from '../../db/holdings.ts';
import { policiesInForce, tenantsReached } from '../../db/policies.ts';
import { listDecisions } from '../../db/policy-decisions.ts';
import { findRuntime } from '../../db/runtimes.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { Policy, PolicyRule } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import { PRICES, type Prices } from '../../domain/rules/prices.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { type AdmissionExport, admissionPolicies } from '../../policy/admission-policy.ts';
import { withDrafts } from '../../policy/drafts.ts';
import { explain } from '../../policy/explain.ts';
import { type RecordedDecision, type ReplayReport, replay } from '../../policy/replay.ts';
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

interface JudgementParts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
  readonly prices?: Prices | undefined;
}

/** How many rules may be asked in one request, each as often as it is asked; one takes some microseconds. */
const MOST_ASKED_IN_A_TEST = 100_000;
const MOST_ASKED_IN_A_REPLAY = 2_000_000;
/** So many are asked before other requests get their turn. */
const ASKED_AT_ONCE = 5_000;

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
      const runtime = await this.#named(sql, request.runtime_id);
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
    return runSuite(policies, fixtures, { ...SAMPLE_QUESTION, tenant: caller.tenantId });
  }

  /** Judges recorded questions again by a draft, and tells what would change. */
  async replay(caller: Principal, request: PolicyReplayRequest): Promise<ReplayReport> {
    const { policies: drafts, since, limit } = request;
    const policies = await this.#policies(caller, drafts);
    const decisions = await listDecisions(this.#parts.database.forTenant(caller.tenantId), {
      since: since === undefined ? undefined : new Date(since),
      limit,
    });
    const rules = rulesIn(policies);
    mustBeBounded('limit', { rules, questions: decisions.length, most: MOST_ASKED_IN_A_REPLAY });
    return replayInTurns(decisions, policies);
  }

  /** What of the policies the cluster can enforce by itself. */
  async export({ tenantId }: Principal, { except_user }: PolicyExportQuery): Promise<AdmissionExport> {
    const policies = await policiesInForce(this.#parts.database.forTenant(tenantId));
    return admissionPolicies(policies, { tenant: tenantId, exceptUser: except_user });
  }

  async #named(sql: TenantSql, runtimeId: string | undefined): Promise<Runtime | undefined> {
    if (runtimeId === undefined) return undefined;
    const runtime = await findRuntime(sql, { runtimeId, maxAgeSeconds: this.#parts.maxAgeSeconds });
    if (!runtime) throw notFound('runtime', runtimeId);
    return runtime;
  }

  /** Those in force, with drafts in place of the tenant’s own where there are any. */
  async #policies({ tenantId }: Principal, drafts: readonly PolicyDraft[] | undefined): Promise<Policy[]> {
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

/** A few at a time, so that no other request waits for all of them. */
async function replayInTurns(
  decisions: readonly RecordedDecision[],
  policies: readonly Policy[],
): Promise<ReplayReport> {
  const size = Math.max(1, Math.floor(ASKED_AT_ONCE / Math.max(1, rulesIn(policies))));
  let report = replay([], policies);
  for (let at = 0; at < decisions.length; at += size) {
    report = together(report, replay(decisions.slice(at, at + size), policies));
    await otherWorkFirst();
  }
  return report;
}

function together(one: ReplayReport, other: ReplayReport): ReplayReport {
  const groups = Map.groupBy([...one.counts, ...other.counts], ({ from, to }) => `${from} ${to}`);
  const counts = [...groups.values()].flatMap(group =>
    group[0] ? [{ ...group[0], decisions: group.reduce((sum, each) => sum + each.decisions, 0) }] : [],
  );
  return {
    decisions: one.decisions + other.decisions,
    unchanged: one.unchanged + other.unchanged,
    counts: counts.toSorted((a, b) => b.decisions - a.decisions),
    changed: [...one.changed, ...other.changed],
  };
}
