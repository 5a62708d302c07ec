import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import type { LabContext } from '../context.ts';
import { type KubernetesApi, sendUnless } from '../kubernetes-api.ts';
import { partReport } from '../progress.ts';
import { openClusterAccess } from './cluster-access.ts';
import { keepDoing } from './loop.ts';

/** The lab's StorageClass; the default one, so that claims without a class get it. */
export const labStorageClass = 'lab';

/** Gives the cluster volumes: a folder of this machine for each claim, also where only simulated pods use it. */
export async function startVolumes(
  context: LabContext,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<void> {
  const say = partReport('volumes', context.report);
  const { api } = openClusterAccess(context, cluster);
  const folder = join(context.dataDir, 'volumes');
  mkdirSync(folder, { recursive: true });
  await sendUnless(409, () => api.send('POST', '/apis/storage.k8s.io/v1/storageclasses', storageClass()));
  keepDoing(context, { name: 'volumes', everyMs: 500, work: () => provision(api, folder) });
  say('ready', `StorageClass ${labStorageClass}: a folder in ${folder} for each claim`);
}

interface Named {
  metadata: { name: string; namespace?: string; uid: string };
}

interface Claim extends Named {
  spec: {
    storageClassName?: string;
    volumeName?: string;
    accessModes: string[];
    resources: { requests: { storage: string } };
  };
}

interface Volume extends Named {
  spec: { storageClassName?: string };
  status?: { phase?: string };
}

const volumesPath = '/api/v1/persistentvolumes';

function storageClass() {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return {
    metadata: { name: labStorageClass, annotations },
    provisioner: 'runtimeai.dev/lab',
    // The provisioner takes the folder away itself: Kubernetes deletes host paths only below /tmp.
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'Immediate',
  };
}

async function provision(api: KubernetesApi, folder: string): Promise<void> {
  const claims = (await api.send('GET', '/api/v1/persistentvolumeclaims')) as { items: Claim[] };
  for (const claim of claims.items.filter(isWaiting)) await makeVolume(api, { claim, folder });
  const volumes = (await api.send('GET', volumesPath)) as { items: Volume[] };
  for (const volume of volumes.items.filter(isReleased)) await removeVolume(api, { volume, folder });
}

function isWaiting({ spec }: Claim): boolean {
  return spec.storageClassName === labStorageClass && !spec.volumeName;
}

function isReleased({ spec, status }: Volume): boolean {
  return spec.storageClassName === labStorageClass && status?.phase === 'Released';
}

async function makeVolume(
  api: KubernetesApi,
  { claim, folder }: { claim: Claim; folder: string },
): Promise<void> {
  const { name, namespace, uid } = claim.metadata;
  const path = join(folder, `pv-${uid}`);
  mkdirSync(path, { recursive: true });
  // Pods run as users of their own, and a host path is not given to their group.
  chmodSync(path, 0o777);
  const volume = {
    metadata: { name: `pv-${uid}` },
    spec: {
      storageClassName: labStorageClass,
      capacity: { storage: claim.spec.resources.requests.storage },
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
    },
  };
  await sendUnless(409, () => api.send('POST', volumesPath, volume));
}

async function removeVolume(
  api: KubernetesApi,
  { volume, folder }: { volume: Volume; folder: string },
): Promise<void> {
  const { name } = volume.metadata;
  await sendUnless(404, () => api.send('DELETE', `${volumesPath}/${name}`));
  rmSync(join(folder, name), { recursive: true, force: true });
}
