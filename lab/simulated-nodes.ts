import { type KubernetesApi, sendUnless, waitFor } from './kubernetes-api.ts';
import { isReady, type NodeStatus, nodeKindLabel } from './node-status.ts';

/** Keeps pods off simulated nodes while there is a real one; a pod that wants one tolerates it. */
const simulatedTaint = { key: 'runtimeai.dev/simulated', value: 'true', effect: 'NoSchedule' };

/** Sends a pod to the simulated nodes, also while a real one keeps them tainted; RUNTIMEAI_AGENT_SCHEDULING takes it. */
export const simulatedScheduling = {
  nodeSelector: { [nodeKindLabel]: 'simulated' },
  tolerations: [{ key: simulatedTaint.key, operator: 'Exists' }],
};

const zones = ['lab-a', 'lab-b', 'lab-c'];
const names = Array.from({ length: 10 }, (_, index) => `simulated-${index + 1}`);
const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** Makes the simulated nodes, or brings kept ones to what is wanted now. */
export async function applySimulatedNodes(
  api: KubernetesApi,
  { tainted }: { tainted: boolean },
): Promise<void> {
  await forgetKwok(api);
  await Promise.all(names.map((_, index) => applyNode(api, simulatedNode({ index, tainted }))));
}

/** Lets a KWOK that starts anew take the nodes over at once; it would wait out its predecessor's leases, about 40 s. */
export async function forgetKwok(api: KubernetesApi): Promise<void> {
  await Promise.all(names.map(name => sendUnless(404, () => api.send('DELETE', `${leasesPath}/${name}`))));
}

/** Lets pods without a toleration onto the simulated nodes after all. */
export async function openSimulatedNodes(api: KubernetesApi): Promise<void> {
  await Promise.all(
    names.map(name => api.send('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } })),
  );
}

/** Waits until each simulated node is ready and KWOK has taken it over, which its new lease shows. */
export async function simulatedNodesReady(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  await waitFor(`${names.length} simulated nodes`, {
    until: async () => {
      const nodes = (await api.send(
        'GET',
        `/api/v1/nodes?labelSelector=${nodeKindLabel}%3Dsimulated`,
      )) as NodeList;
      const leases = (await api.send('GET', leasesPath)) as NodeList;
      const leased = new Set(leases.items.map(({ metadata }) => metadata.name));
      const ready = nodes.items.filter(node => isReady(node) && leased.has(node.metadata.name)).length;
      return ready >= names.length || `${ready} ready`;
    },
    seconds: 60,
    signal,
  });
}

interface NodeList {
  items: (NodeStatus & { metadata: { name: string } })[];
}

type SimulatedNode = ReturnType<typeof simulatedNode>;

function simulatedNode({ index, tainted }: { index: number; tainted: boolean }) {
  const name = names[index] ?? '';
  const capacity = { cpu: '64', memory: '256Gi', pods: '1000', 'ephemeral-storage': '1Ti' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: {
        [nodeKindLabel]: 'simulated',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': 'lab',
        'topology.kubernetes.io/zone': zones[index % zones.length],
      },
    },
    spec: { taints: tainted ? [simulatedTaint] : [] },
    status: { capacity, allocatable: capacity },
  };
}

async function applyNode(api: KubernetesApi, node: SimulatedNode): Promise<void> {
  const { name } = node.metadata;
  const made = await sendUnless(409, () => api.send('POST', '/api/v1/nodes', node));
  if (made) return;
  await api.send('PATCH', `/api/v1/nodes/${name}`, { metadata: node.metadata, spec: node.spec });
  await api.send('PATCH', `/api/v1/nodes/${name}/status`, { status: node.status });
}
