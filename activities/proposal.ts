import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ClearanceFacts } from '../db/clearance.ts';
import type { ApprovalCard } from '../domain/approval.ts';
import type { StepPlan } from '../domain/change.ts';
import type { AdmittedStep } from '../domain/change-operation.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import type { PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import type { Requester } from '../domain/requester.ts';
import { riskOf } from '../domain/rules/risk.ts';

/** What an operation is about to do, as far as the workflow alone knows it; the rest is in its records. */
export interface Proposal {
  readonly target: ReleaseTarget;
  readonly requester: Requester;
  /** Of a change: everything it will do, and what its next step was found to change. */
  readonly steps?: readonly AdmittedStep[];
  readonly plan?: Pick<StepPlan, 'summary' | 'changes'>;
  readonly reason?: string;
}

/** Exactly what people are shown. `shown` names the hash of each part, `digest` is over all of them. */
export interface Shown {
  readonly card: ApprovalCard;
  readonly shown: Readonly<Record<string, string>>;
  readonly digest: string;
}

interface About {
  readonly facts: ClearanceFacts;
  readonly question: PolicyQuestion | undefined;
  readonly verdict: PolicyVerdict;
}

/** Puts together what people must see before they agree, and binds it in a digest. */
export function show(proposal: Proposal, about: About): Shown {
  const { deployment } = about.facts;
  const card = cardOf(proposal, about);
  const shown = {
    plan: hashOf(card.changes),
    chart: card.chart ?? 'none',
    values: hashOf(proposal.steps ?? [deployment?.agent, deployment?.verification]),
    target: hashOf(card.target),
    policies: about.verdict.digest,
    approvers: hashOf(about.verdict.demands),
  };
  return { card, shown, digest: hashOf(shown) };
}

/** What is no longer as it was shown, in words; nothing when everything is. */
export function differenceBetween(
  before: Pick<Shown, 'card' | 'shown'>,
  now: Pick<Shown, 'card' | 'shown'>,
): string | undefined {
  const parts = Object.keys(now.shown).filter(part => before.shown[part] !== now.shown[part]);
  if (parts.length === 0) return undefined;
  return parts.map(part => PARTS[part]?.(before.card, now.card) ?? `${part} changed`).join('; ');
}

function cardOf(proposal: Proposal, { facts, question }: About): ApprovalCard {
  const { target, requester, steps = [] } = proposal;
  const { summary, changes } = proposal.plan ?? facts.deployment?.plan ?? NO_PLAN;
  const cost = question?.cost;
  const verbs = steps.map(({ change }) => change.verb);
  return {
    title: titleOf(proposal, facts),
    changes: [...changes],
    summary,
    steps: steps.map(inWords),
    target: targetOf(target),
    chart: chartOf(facts),
    risk: riskOf({
      environment: target.environment,
      verbs,
      summary,
      health: facts.runtime.health,
      cost,
    }),
    cost: cost ?? null,
    evidence: evidenceOf(facts),
    requested_by: requester.name,
    on_behalf_of: requester.onBehalfOf?.name ?? null,
    comment: proposal.reason ?? facts.deployment?.comment ?? null,
  };
}

const NO_PLAN: Pick<StepPlan, 'summary' | 'changes'> = {
  summary: { create: 0, update: 0, unchanged: 0, remove: 0 },
  changes: [],
};

const PARTS: Readonly<Record<string, (before: ApprovalCard, now: ApprovalCard) => string>> = {
  plan: (before, now) => `what would change in the cluster: ${changedObjects(before, now)}`,
  chart: (before, now) => `the chart: ${before.chart ?? 'none'} → ${now.chart ?? 'none'}`,
  values: () => 'the values',
  target: () => 'where it goes',
  policies: () => 'the policies were changed',
  approvers: () => 'who must agree',
};

function changedObjects(before: ApprovalCard, now: ApprovalCard): string {
  const known = new Map(before.changes.map(change => [`${change.kind} ${change.name}`, change]));
  const names = new Set([...known.keys(), ...now.changes.map(({ kind, name }) => `${kind} ${name}`)]);
  const latest = new Map(now.changes.map(change => [`${change.kind} ${change.name}`, change]));
  return [...names].filter(name => known.get(name)?.diff !== latest.get(name)?.diff).join(', ');
}

function chartOf({ deployment }: ClearanceFacts): string | null {
  const chart = deployment?.plan?.chart;
  return chart ? `${chart.name} ${chart.version}` : null;
}

function titleOf({ steps, target }: Proposal, { deployment }: ClearanceFacts): string {
  const where = `${target.runtimeName} (${target.environment}, ${target.tenantId}/${target.project})`;
  if (deployment) return `deploy ${deployment.agent.image} into ${where}`;
  return `${steps?.map(({ change }) => change.verb).join(', ') ?? 'change'} ${where}`;
}

function inWords({ change, before, desired }: AdmittedStep, index: number): string {
  const shape =
    JSON.stringify(before?.spec) === JSON.stringify(desired.spec) ? '' : ' and changes what it is';
  const power = before && before.power !== desired.power ? `, then ${desired.power}` : '';
  return `${index + 1}. ${change.verb}${shape}${power}`;
}

function targetOf({ namespace, release, environment, project, tenantId, runtimeName }: ReleaseTarget) {
  return { tenant: tenantId, project, environment, namespace, release, runtime: runtimeName };
}

function evidenceOf({ runtime, last }: ClearanceFacts): string[] {
  const health = runtime.health ? [`the runtime is ${runtime.health}: ${runtime.reason ?? 'no reason'}`] : [];
  const before = last ? [`the last ${last.kind} ended as ${last.outcome}: ${last.message ?? ''}`] : [];
  return [...health, ...before];
}

function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? 'null')
    .digest('hex');
}
