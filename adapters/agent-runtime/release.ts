import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Step, StepPlan } from '../../domain/change.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { Call } from '../adapter.ts';
import { graceOf } from '../grace.ts';
import { listOwn } from '../ownership.ts';
import { refuseUnplaceable } from '../placement.ts';
import { plannedIn } from '../releases.ts';
import { readAgent } from './live.ts';
import { agentIn, orderOf, poweredAgent } from './order.ts';
import { rollout } from './progress.ts';
import { withReplicas } from './replicas.ts';
import type { Tools } from './settings.ts';

/** What the release would become, with the dry run of each of its objects. */
export async function planRelease(tools: Tools, step: Step): Promise<StepPlan> {
  const { kubernetes, releases, settings } = tools;
  await refuseUnplaceable(kubernetes, agentIn(step.desired.spec), settings);
  const { knownRevision } = step;
  const { summary, changes, ...base } = await releases.plan({ ...orderOf(step, settings), knownRevision });
  return { summary, changes, base };
}

/** Brings the release to what the step wants, from whatever it is. */
export async function applyRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const { kubernetes, releases, settings } = tools;
  const { target, knownRevision } = step;
  const order = orderOf(step, settings);
  const wanted = poweredAgent(step.desired);
  const planned = plannedIn(base) ?? (await releases.plan({ ...order, knownRevision }));
  const { digest: planDigest, baseRevision } = planned;
  signal.throwIfAborted();
  const { revision } = await withReplicas(kubernetes, { target, wanted }, () =>
    releases.install({ ...order, planDigest, baseRevision }, signal),
  );
  await hurry(kubernetes, step);
  return rollout({ operationId: order.mark }, revision);
}

/** Brings the revision before the step back. */
export async function rollBackRelease(tools: Tools, step: Step, { base, signal }: Call): Promise<Begun> {
  const { kubernetes, releases } = tools;
  const { target, knownRevision } = step;
  const toRevision = plannedIn(base)?.baseRevision ?? knownRevision;
  const wanted = poweredAgent(step.before ?? step.desired);
  const made = await withReplicas(kubernetes, { target, wanted }, () =>
    releases.rollback({ target, mark: markOf(step), toRevision }, signal),
  );
  const live = await readAgent(kubernetes, target);
  return rollout(live ? { operationId: live.facts.operationId } : {}, made?.revision);
}

/** A stop that names its own grace ends the pods with that one. */
async function hurry(kubernetes: KubernetesClient, { change, target, desired }: Step): Promise<void> {
  const gracePeriodSeconds = graceOf(change);
  if (gracePeriodSeconds === undefined || desired.power !== 'stopped') return;
  for (const pod of await listOwn(kubernetes, { apiVersion: 'v1', kind: 'Pod' }, target))
    await kubernetes.delete(
      { apiVersion: 'v1', kind: 'Pod', namespace: target.namespace, name: pod.metadata.name },
      { gracePeriodSeconds },
    );
}
