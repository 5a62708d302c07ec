import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, RuntimeTarget, Step, StepPlan } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/labels.ts';
import type { Call } from '../adapter.ts';
import type { ReleasePlan } from '../releases.ts';
import { objectsOf, readAgent } from './live.ts';
import { agentIn, orderOf, poweredAgent } from './order.ts';
import { rollout } from './progress.ts';
import { refuseImpossible } from './refusals.ts';
import { prepareReplicas, settleReplicas } from './replicas.ts';
import type { Tools } from './settings.ts';

/** What the release would become, with the dry run of each of its objects. */
export async function planRelease(tools: Tools, step: Step): Promise<StepPlan> {
  const { kubernetes, releases, settings } = tools;
  await refuseImpossible(kubernetes, agentIn(step.desired.spec, settings), settings);
  const { knownRevision } = step;
  const { summary, changes, ...base } = await releases.plan({ ...orderOf(step, settings), knownRevision });
  return { summary, changes, base };
}

/** Brings the release to what the step wants, from whatever it is. */
export async function applyRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const { kubernetes, releases, settings } = tools;
  const { target, knownRevision } = step;
  const order = orderOf(step, settings);
  const agent = poweredAgent(step.desired, settings);
  const planned = plannedIn(base) ?? (await releases.plan({ ...order, knownRevision }));
  const { digest: planDigest, baseRevision } = planned;
  signal.throwIfAborted();
  await prepareReplicas(kubernetes, target, agent);
  const { revision } = await releases.install({ ...order, planDigest, baseRevision }, signal);
  await settleReplicas(kubernetes, target, agent);
  await hurry(kubernetes, step);
  return rollout({ operationId: order.mark }, revision);
}

/** Brings the revision before the step back. */
export async function rollBackRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const { kubernetes, releases, settings } = tools;
  const { target, knownRevision } = step;
  const toRevision = plannedIn(base)?.baseRevision ?? knownRevision;
  const agent = poweredAgent(step.before ?? step.desired, settings);
  await prepareReplicas(kubernetes, target, agent);
  const made = await releases.rollback({ target, mark: markOf(step), toRevision }, signal);
  await settleReplicas(kubernetes, target, agent);
  const live = await readAgent(kubernetes, target);
  return rollout(live ? { operationId: live.facts.operationId } : {}, made?.revision);
}

/** A stop that names its own grace ends the pods with that one. */
async function hurry(kubernetes: KubernetesClient, { change, target, desired }: Step): Promise<void> {
  if (change.verb !== 'stop' || desired.power !== 'stopped') return;
  const gracePeriodSeconds = change.force ? 0 : change.timeoutSeconds;
  if (gracePeriodSeconds === undefined) return;
  for (const pod of await podsOf(kubernetes, target))
    await kubernetes.delete(
      { apiVersion: 'v1', kind: 'Pod', namespace: target.namespace, name: pod.metadata.name },
      { gracePeriodSeconds },
    );
}

function podsOf(kubernetes: KubernetesClient, target: RuntimeTarget) {
  return objectsOf(kubernetes, target, { apiVersion: 'v1', kind: 'Pod' });
}

function plannedIn(base: StepPlan['base']): Pick<ReleasePlan, 'digest' | 'baseRevision'> | undefined {
  const { digest, baseRevision } = base;
  if (typeof digest !== 'string' || typeof baseRevision !== 'number') return undefined;
  return { digest, baseRevision };
}
