import { env } from 'node:process';
import { createReleases } from '../../activities/release/releases.ts';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import { createVClusterAdapter } from '../../adapters/vcluster/adapter.ts';
import { VCLUSTER_DEFAULTS, type VClusterSettings } from '../../adapters/vcluster/settings.ts';
import { createReleaseStorage } from '../../clients/helm/storage.ts';
import { diffObjects } from '../../clients/kubernetes/diff.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
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
