import type { Call, RuntimeAdapter } from '../../../adapters/adapter.ts';
import type { AdapterTools, Begun, Step } from '../../../adapters/tools.ts';
import { health } from './health.ts';
import { networkPolicyOf } from './network-policy.ts';
import { allOf, deploymentOf, type Scheduling, snapshotOf, stateOf, wakeUpOf } from './objects.ts';
import { observe } from './observe.ts';

/** A whole adapter: a sandbox that is a bare Deployment, and a ConfigMap for the state that a snapshot copies. */
export default function createSampleAdapter(tools: AdapterTools): RuntimeAdapter {
  const { kubernetes } = tools;
  const scheduling = tools.settings as Scheduling;
  const manifests = (step: Step) => [
    networkPolicyOf(step),
    deploymentOf(step, scheduling),
    stateOf(step.target),
  ];

  const apply = async (step: Step, { signal }: Call): Promise<Begun> => {
    signal.throwIfAborted();
    for (const object of manifests(step)) await kubernetes.apply(object, { force: true });
    return { awaiting: { power: step.desired.power } };
  };

  return {
    name: 'sample',
    type: 'sandbox',
    backend: 'custom',
    capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore'],
    podSecurity: 'restricted',
    health,
    prerequisites: async () => ({ missing: [] }),
    plan: async step => ({ ...(await plan(tools, step, manifests)), base: {} }),
    apply,
    start: apply,
    stop: apply,
    scale: apply,
    observe: (step, begun) => observe(kubernetes, step, begun),
    restart: async (step, { signal }) => {
      signal.throwIfAborted();
      await kubernetes.apply(wakeUpOf(step), { fieldManager: 'sample-restart', force: true });
      return { awaiting: { power: step.desired.power } };
    },
    snapshot: async (step, { signal }) => {
      signal.throwIfAborted();
      const state = await kubernetes.get(snapshotReference(step, 'state'));
      const { metadata, ...copy } = snapshotOf(step);
      const taken = await kubernetes.get({ ...copy, ...metadata });
      if (!taken) await kubernetes.apply({ ...copy, metadata, data: state?.['data'] });
      return { awaiting: { snapshot: metadata.name } };
    },
    restore: async (step, { signal }) => {
      signal.throwIfAborted();
      const data = (await snapshotToRestore(tools, step))['data'];
      // A manager of its own: `apply` would take away again what it does not own.
      await kubernetes.apply(
        { ...stateOf(step.target), data },
        { fieldManager: 'sample-restore', force: true },
      );
      return { awaiting: { power: step.desired.power } };
    },
    delete: async (step, { signal }) => {
      signal.throwIfAborted();
      for (const object of await allOf(kubernetes, step.target))
        await kubernetes.delete({ ...object, ...object.metadata });
      return { awaiting: { gone: true } };
    },
  };
}

async function plan(
  tools: AdapterTools,
  step: Step,
  manifests: (step: Step) => ReturnType<typeof deploymentOf>[],
) {
  const { kubernetes, compare } = tools;
  refuseWhatCannotBe(tools, step);
  switch (step.change.verb) {
    case 'delete':
      return compare({ previous: await allOf(kubernetes, step.target), next: [] });
    case 'restart':
      return compare({ previous: [], next: [wakeUpOf(step)], fieldManager: 'sample-restart' });
    case 'snapshot':
      return compare({ previous: [], next: [snapshotOf(step)], fieldManager: 'runtimeai' });
    case 'restore':
      await snapshotToRestore(tools, step);
      return compare({ previous: [], next: [], fieldManager: 'runtimeai' });
    default:
      return compare({ previous: [], next: manifests(step), fieldManager: 'runtimeai' });
  }
}

/** What cannot be honoured is refused with the reason, never ignored. */
function refuseWhatCannotBe({ failure }: AdapterTools, { desired: { spec } }: Step): void {
  const { resources, security } = spec;
  if (resources?.gpu)
    throw failure('gpu_unavailable', `A sample sandbox has no GPU, and ${resources.gpu} was asked for.`, {
      nextStep: 'Leave spec.resources.gpu out, or use another backend.',
    });
  const [word] = security?.compliance ?? [];
  if (word !== undefined)
    throw failure(
      'compliance_unavailable',
      `A sample sandbox knows no compliance word, so not "${word}" either.`,
      {
        nextStep: 'Leave spec.security.compliance out, or use another backend.',
      },
    );
}

async function snapshotToRestore({ kubernetes, failure }: AdapterTools, step: Step) {
  const { change, target } = step;
  if (change.verb !== 'restore') throw new Error(`a ${change.verb} restores nothing`);
  const name = change.snapshot.ref['configMap'] ?? '';
  const found = await kubernetes.get({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: target.namespace,
    name,
  });
  if (found) return found;
  throw failure('snapshot_not_found', `ConfigMap ${name} of snapshot ${change.snapshot.name} is not there.`, {
    nextStep: 'Take another snapshot; this one cannot be restored.',
  });
}

function snapshotReference({ target }: Step, suffix: string) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: target.namespace,
    name: `${target.release}-${suffix}`,
  };
}
