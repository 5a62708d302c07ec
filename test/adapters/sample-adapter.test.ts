import { createAdapterTools } from '../../adapters/tools.ts';
import { fieldsOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';
import { describeConformance } from './conformance.ts';
import { noReleases, silent } from './fake-tools.ts';
import createSampleAdapter from './sample-adapter/index.ts';

const spec = { resources: { replicas: 2 } };

function stateOf({ namespace, release }: RuntimeTarget) {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: `${release}-state` };
}

describeConformance({
  name: 'sample',
  capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore'],
  make: kubernetes =>
    createSampleAdapter({
      ...createAdapterTools({ kubernetes, releases: noReleases, log: silent }),
      settings: simulatedScheduling,
    }),
  spec,
  scaled: { resources: { replicas: 3, memory: '128Mi' } },
  egress: {
    open: { ...spec, networking: { exposure: 'private', egress_policy: 'open' } },
    policy: ({ namespace, release: name }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace,
      name,
    }),
  },
  vital: ({ namespace, release: name }) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }),
  misses: [],
  state: {
    write: (kubernetes, target, text) => kubernetes.patch(stateOf(target), { data: { text } }),
    read: async (kubernetes, target) =>
      textOf(fieldsOf((await kubernetes.get(stateOf(target)))?.['data'])['text']),
  },
});
