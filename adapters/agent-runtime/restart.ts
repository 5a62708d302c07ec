import { diffObjects, summarize } from '../../clients/kubernetes/diff.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, RuntimeTarget, Step, StepPlan } from '../../domain/change.ts';
import { RESTARTED_BY_ANNOTATION } from '../../domain/rules/labels.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { Call } from '../adapter.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseForeign } from '../ownership.ts';
import { deploymentOf, restartedBy } from './live.ts';
import { rollout } from './progress.ts';
import type { Tools } from './settings.ts';

/** What a restart would change: the pods' template alone, under a field manager of its own, so that Helm keeps it. */
export async function planRestart(kubernetes: KubernetesClient, step: Step): Promise<StepPlan> {
  const before = restartedBy(await liveDeployment(kubernetes, step.target));
  const changes = await diffObjects(kubernetes, {
    previous: [],
    next: [restarting(step.target, markOf(step))],
    fieldManager: MANAGER,
  });
  return {
    summary: summarize(changes),
    changes: [...changes],
    base: before === undefined || before === markOf(step) ? {} : { restartedBy: before },
  };
}

/** Begins a rolling restart; repeating it changes nothing. */
export async function restartAgent({ kubernetes }: Tools, step: Step): Promise<Begun> {
  await liveDeployment(kubernetes, step.target);
  await kubernetes.apply(restarting(step.target, markOf(step)), AS_RESTARTER);
  return rollout({ restartedBy: markOf(step) });
}

/** Goes back to the pods of before, of which those that are still there stay. */
export async function undoRestart({ kubernetes }: Tools, step: Step, { base }: Call): Promise<Begun> {
  const live = await liveDeployment(kubernetes, step.target);
  if (restartedBy(live) !== markOf(step)) return rollout({});
  const before = typeof base['restartedBy'] === 'string' ? base['restartedBy'] : undefined;
  await kubernetes.apply(restarting(step.target, before), AS_RESTARTER);
  return rollout(before === undefined ? {} : { restartedBy: before });
}

const MANAGER = 'runtimeai-restart';
const AS_RESTARTER = { fieldManager: MANAGER, force: true } as const;

function restarting(target: RuntimeTarget, mark: string | undefined): KubernetesObject {
  const { name, namespace, ...kind } = deploymentOf(target);
  const template = { metadata: { annotations: { [RESTARTED_BY_ANNOTATION]: mark } } };
  return { ...kind, metadata: { name, namespace }, ...(mark === undefined ? {} : { spec: { template } }) };
}

async function liveDeployment(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
): Promise<KubernetesObject> {
  const live = await kubernetes.get(deploymentOf(target));
  refuseForeign(live, target);
  if (live) return live;
  throw new AdapterFailure(
    'object_gone',
    `Deployment ${target.namespace}/${target.release} is gone: somebody deleted it.`,
    { nextStep: 'Deploy the agent again, which makes it anew.' },
  );
}
