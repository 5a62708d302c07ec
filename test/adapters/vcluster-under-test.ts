import { env } from 'node:process';
import { createReleases } from '../../activities/release/releases.ts';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import { createVClusterAdapter } from '../../adapters/vcluster/adapter.ts';
import { VCLUSTER_DEFAULTS, type VClusterSettings } from '../../adapters/vcluster/settings.ts';
import { createReleaseStorage } from '../../clients/helm/storage.ts';
import { diffObjects } from '../../clients/kubernetes/diff.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { testHelm } from '../helm/world.ts';
import { silent } from './fake-tools.ts';

/** The settings the lab gives for its virtual clusters. */
const LAB_SETTINGS: VClusterSettings = {
  ...VCLUSTER_DEFAULTS,
  chart: env['RUNTIMEAI_VCLUSTER_CHART'] ?? '',
  scheduling: JSON.parse(env['RUNTIMEAI_VCLUSTER_SCHEDULING'] ?? '{}'),
  snapshotUrl: env['RUNTIMEAI_VCLUSTER_SNAPSHOT_URL'],
};

/** The adapter with the real chart and the real Helm. */
export function vclusterAdapter(
  kubernetes: KubernetesClient,
  changes: Partial<VClusterSettings> = {},
): RuntimeAdapter {
  const releases = createReleases({
    helm: testHelm(),
    storage: createReleaseStorage(kubernetes),
    diff: input => diffObjects(kubernetes, input),
    log: silent,
  });
  return createVClusterAdapter({ releases, kubernetes, settings: { ...LAB_SETTINGS, ...changes } });
}

/** A pod as the syncer of a virtual cluster makes it in the host's namespace. */
export function syncedPod({ namespace, release }: RuntimeTarget, name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'vcluster.loft.sh/managed-by': release } },
    spec: {
      nodeSelector: { 'runtimeai.dev/node-kind': 'simulated' },
      tolerations: [{ operator: 'Exists' }],
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'work',
          image: 'work:1',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
