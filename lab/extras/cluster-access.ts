import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cluster } from '../cluster.ts';
import { tokenOf } from '../cluster-users.ts';
import type { LabContext } from '../context.ts';
import { type KubernetesApi, kubernetesApi } from '../kubernetes-api.ts';

/** What a part that is added to a running cluster needs of it. */
export interface ClusterAccess {
  server: string;
  /** The folder of certificates, tokens and kubeconfigs. */
  folder: string;
  /** Talks as the administrator; whoever opened it closes it. */
  api: KubernetesApi;
}

/** Opens the lab's cluster to a part that is added to it later. */
export function openClusterAccess(
  context: LabContext,
  { kubeconfigPath }: Pick<Cluster, 'kubeconfigPath'>,
): ClusterAccess {
  const document = parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: { cluster: { server: string } }[];
  };
  const server = document.clusters[0]?.cluster.server;
  if (!server) throw new Error(`${kubeconfigPath} names no server; delete it and start the lab again.`);
  const folder = join(context.dataDir, 'kubernetes');
  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
  return { server, folder, api: kubernetesApi({ server, token: tokenOf(context, 'admin'), ca }) };
}
