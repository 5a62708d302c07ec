import type { Cluster } from '../cluster.ts';
import type { LabContext } from '../context.ts';
import { sendUnless } from '../kubernetes-api.ts';
import { partReport } from '../progress.ts';
import { openClusterAccess } from './cluster-access.ts';

/** The RuntimeClass of isolation strong in the lab; its handler is plain runc, so it shows the wiring and isolates nothing. */
export const strongRuntimeClass = 'strong';

/** Gives the cluster the RuntimeClass that stands for strong isolation. */
export async function startStrongIsolation(
  context: LabContext,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<void> {
  const say = partReport('isolation', context.report);
  const { api } = openClusterAccess(context, cluster);
  const runtimeClass = { metadata: { name: strongRuntimeClass }, handler: 'runc' };
  try {
    await sendUnless(409, () => api.send('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtimeClass));
  } finally {
    api.close();
  }
  say('ready', `RuntimeClass ${strongRuntimeClass} is plain runc here`);
}
