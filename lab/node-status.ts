import { type KubernetesApi, sendUnless } from './kubernetes-api.ts';

/** The label that tells real nodes from simulated ones. */
export const nodeKindLabel = 'runtimeai.dev/node-kind';

/** What the lab reads of a node. */
export interface NodeStatus {
  spec?: { taints?: { key: string }[] };
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/** Whether a node says it is ready and Kubernetes has stopped keeping pods off it. */
export function isReady(node: NodeStatus): boolean {
  if (node.spec?.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'))) return false;
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Takes back what a kept node said of itself before the last stop, so that only a fresh answer counts. */
export async function forgetReadiness(api: KubernetesApi, name: string): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const node = (await sendUnless(404, () => api.send('GET', path))) as NodeStatus | undefined;
  if (!node) return;
  const now = new Date().toISOString();
  const unknown = {
    status: 'Unknown',
    reason: 'LabStarting',
    message: 'the lab has just started',
    lastTransitionTime: now,
  };
  const conditions = (node.status?.conditions ?? []).map(condition =>
    condition.type === 'Ready' ? { ...condition, ...unknown } : condition,
  );
  await api.send('PATCH', `${path}/status`, { status: { conditions } });
}
