import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgentSandbox } from '../lab/extras/agent-sandbox.ts';
import { startVCluster } from '../lab/extras/vcluster.ts';
import { startVolumes } from '../lab/extras/volumes.ts';
import { startKubeVirtStandIn } from '../lab/kubevirt/stand-in.ts';
import { startLab } from '../lab/lab.ts';
import { reportTo } from '../lab/screen.ts';
import { findTemporalTestServer } from '../lab/temporal.ts';
import { serverOf } from './postgres.ts';

/** Starts the real parts once for all test files, on throw-away data; the files find them in the environment. */
export default async function startParts(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-test-'));
  const lab = await startLab({ dataDir, nodes: 'auto', report: reportTo(console.log) });
  const { cluster, temporal, context } = lab;
  const kubevirt = await startKubeVirtStandIn(context, cluster);
  await startAgentSandbox(context, cluster);
  await startVolumes(context, cluster);
  const { environment } = await startVCluster(context, cluster);
  Object.assign(process.env, environment, {
    RUNTIMEAI_TEST_KUBECONFIG: cluster.kubeconfigPath,
    RUNTIMEAI_TEST_CONTEXT: cluster.contextName,
    RUNTIMEAI_TEST_HELM: cluster.helmPath,
    RUNTIMEAI_HELM: cluster.helmPath,
    RUNTIMEAI_TEST_NODES: cluster.nodeKinds.join(','),
    RUNTIMEAI_TEST_TEMPORAL: temporal.address,
    RUNTIMEAI_TEST_POSTGRES: JSON.stringify(await serverOf(context, lab.postgres)),
    RUNTIMEAI_TEST_SERVER_BIN: await findTemporalTestServer(context.cacheDir),
  });
  return async () => {
    await kubevirt.stop();
    await lab.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
