import { join } from 'node:path';
import type { LabContext } from './context.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { writePrivately } from './secrets.ts';

/** Who may talk to the lab's API server: each part by its own token and with its own rights. */
export const clusterUsers = {
  admin: { name: 'runtimeai-lab-admin', groups: ['system:masters'] },
  'controller-manager': { name: 'system:kube-controller-manager', groups: [] },
  scheduler: { name: 'system:kube-scheduler', groups: [] },
  kwok: { name: 'kwok', groups: ['system:masters'] },
  kubelet: { name: 'system:node:real-1', groups: ['system:nodes'] },
  // May do what the roles that come with the controller say.
  'agent-sandbox': { name: 'agent-sandbox-controller', groups: [] },
} as const;

export type ClusterUser = keyof typeof clusterUsers;

/** The token of one user; made once and kept. */
export function tokenOf({ secrets }: LabContext, user: ClusterUser): string {
  return secrets.of(`kubernetes-${user}`);
}

/** Writes the file from which the API server knows the tokens. */
export function writeTokenFile(context: LabContext, path: string): void {
  const users = Object.keys(clusterUsers) as ClusterUser[];
  const lines = users.map(user => {
    const { name, groups } = clusterUsers[user];
    return `${tokenOf(context, user)},${name},${user},"${groups.join(',')}"`;
  });
  writePrivately(path, `${lines.join('\n')}\n`);
}

/** Writes and names the kubeconfig of one user. */
export function kubeconfigFor(
  context: LabContext,
  { user, server, folder }: { user: ClusterUser; server: string; folder: string },
): string {
  const path = user === 'admin' ? join(context.dataDir, 'kubeconfig') : join(folder, `${user}.kubeconfig`);
  writeKubeconfig(path, {
    server,
    caFile: join(folder, 'ca.crt'),
    user: clusterUsers[user].name,
    token: tokenOf(context, user),
  });
  return path;
}
