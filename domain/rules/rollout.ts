import type { RolloutReport } from '../deployment.ts';
import type { PodFacts, WorkloadFacts } from '../health.ts';
import { isLiving } from './health.ts';

export interface RolloutTerms {
  /** The operation whose manifest must be the one that runs. */
  readonly operationId: string;
  /** How long all pods must have been ready without a break. */
  readonly soakSeconds: number;
  /** ISO 8601: the clock of whoever judges. */
  readonly now: string;
  /** Facts older than this prove nothing. */
  readonly maxAgeSeconds: number;
}

/**
 * Whether the rollout of one operation is healthy for its soak, still on its way, or has failed for good; facts that
 * are missing or too old make it inconclusive, which is neither. Everything is read from the facts alone, so whoever
 * judges may die and another goes on.
 */
export function judgeRollout(facts: WorkloadFacts | undefined, terms: RolloutTerms): RolloutReport {
  if (facts === undefined) return report('inconclusive', 'nothing has been observed of this runtime');
  const age = seconds(facts.observedAt, terms.now);
  if (!(age <= terms.maxAgeSeconds))
    return report(
      'inconclusive',
      `what was observed is ${Math.round(age)} s old, more than ${terms.maxAgeSeconds} s`,
    );
  const counts = { ready: readyCurrent(facts).length, total: Math.max(0, facts.desiredReplicas) };
  const [status, reason] = judgeFresh(facts, terms);
  return report(status, reason, counts);
}

/** In how many seconds the soak will be over if nothing changes; nothing when it is not the soak that is missing. */
export function soakLeftSeconds(facts: WorkloadFacts, terms: RolloutTerms): number | undefined {
  if (facts.desiredReplicas <= 0 || whatIsMissing(facts, terms) !== undefined) return undefined;
  return Math.max(0, terms.soakSeconds - steadySeconds(facts, terms.now));
}

type Verdict = readonly [RolloutReport['status'], string];

function judgeFresh(facts: WorkloadFacts, terms: RolloutTerms): Verdict {
  if (facts.operationId !== terms.operationId)
    return ['progressing', `the cluster still has the manifest of ${facts.operationId || 'nobody'}`];
  if (facts.observedGeneration < facts.generation)
    return ['progressing', 'the cluster has not acted upon the change yet'];
  const missing = whatIsMissing(facts, terms);
  if (missing !== undefined) {
    const failure = whatFailed(facts, terms);
    return failure === undefined ? ['progressing', missing] : ['failed', failure];
  }
  if (facts.desiredReplicas <= 0) return ['healthy', 'no pods are wanted and none are left'];
  const steady = steadySeconds(facts, terms.now);
  const all = `all ${facts.desiredReplicas} pods are ready`;
  if (steady < terms.soakSeconds)
    return ['progressing', `${all}, for ${Math.max(0, Math.floor(steady))} of ${terms.soakSeconds} s`];
  return ['healthy', terms.soakSeconds === 0 ? all : `${all} and have been for ${terms.soakSeconds} s`];
}

/** The first thing that must still happen before the soak counts, in words. */
function whatIsMissing(facts: WorkloadFacts, terms: RolloutTerms): string | undefined {
  if (facts.operationId !== terms.operationId || facts.observedGeneration < facts.generation)
    return 'the change';
  const old = facts.pods.filter(pod => isLiving(pod) && !isCurrent(facts, pod));
  const wanted = Math.max(0, facts.desiredReplicas);
  if (wanted === 0) {
    const left = facts.pods.filter(pod => isLiving(pod) || pod.terminating).length;
    return left > 0 ? `${left} pods have not ended yet` : undefined;
  }
  const ready = readyCurrent(facts).length;
  if (ready < wanted || facts.updatedReplicas < wanted || facts.readyReplicas < wanted)
    return `${Math.min(ready, wanted)} of ${wanted} pods are ready${because(facts)}`;
  if (old.length > 0) return `${old.length} pods of the previous version have not ended yet`;
  return undefined;
}

function whatFailed(facts: WorkloadFacts, terms: RolloutTerms): string | undefined {
  const { stalled, replicaFailure } = facts;
  if (stalled?.reason === 'ProgressDeadlineExceeded')
    return `no progress within the deadline of the Deployment: ${stalled.message}${because(facts)}`;
  // A pod may be refused for a moment while an old one still holds the quota.
  if (replicaFailure && seconds(replicaFailure.since ?? '1970', terms.now) >= REFUSAL_PATIENCE_SECONDS)
    return `pods cannot be created: ${replicaFailure.message}`;
  const hopeless = currentPods(facts).find(isHopeless);
  return hopeless && `pod ${hopeless.name} does not come up: ${words(hopeless)}`;
}

const REFUSAL_PATIENCE_SECONDS = 20;
const CRASHES_TOLERATED = 2;

/** Reasons a container waits for that no waiting mends. */
const HOPELESS_REASONS = [
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'CreateContainerConfigError',
];

function isHopeless(pod: PodFacts): boolean {
  const reason = pod.waiting?.reason ?? '';
  return (
    HOPELESS_REASONS.includes(reason) || (reason === 'CrashLoopBackOff' && pod.restarts >= CRASHES_TOLERATED)
  );
}

function words(pod: PodFacts): string {
  const { waiting, lastTermination: ended, restarts } = pod;
  const parts = [
    waiting && [waiting.reason, waiting.message].filter(part => part !== '').join(', '),
    ended && `its container ended with exit code ${ended.exitCode} (${ended.reason})`,
    restarts > 0 ? `restarted ${restarts} times` : undefined,
  ];
  return parts.filter(part => part !== undefined).join('; ') || `it is ${pod.phase}`;
}

function because(facts: WorkloadFacts): string {
  const pod = currentPods(facts).find(one => !one.ready && (one.waiting ?? one.lastTermination));
  return pod === undefined ? '' : `; ${pod.name}: ${words(pod)}`;
}

function steadySeconds(facts: WorkloadFacts, now: string): number {
  const since = readyCurrent(facts).map(pod =>
    pod.readySince === undefined ? 0 : seconds(pod.readySince, now),
  );
  return since.length === 0 ? 0 : Math.min(...since.map(one => (Number.isFinite(one) ? one : 0)));
}

function readyCurrent(facts: WorkloadFacts): readonly PodFacts[] {
  return currentPods(facts).filter(pod => pod.ready);
}

function currentPods(facts: WorkloadFacts): readonly PodFacts[] {
  return facts.pods.filter(pod => isLiving(pod) && isCurrent(facts, pod));
}

function isCurrent(facts: WorkloadFacts, pod: PodFacts): boolean {
  return facts.currentTemplateHash !== undefined && pod.templateHash === facts.currentTemplateHash;
}

function seconds(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

function report(
  status: RolloutReport['status'],
  reason: string,
  counts: { readonly ready: number; readonly total: number } = { ready: 0, total: 0 },
): RolloutReport {
  return { status, reason, ready_pods: counts.ready, total_pods: counts.total };
}
