import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKinds } from '../lab/extras/kinds.ts';
import { kindSettings } from '../lab/kind-settings.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { reportTo } from '../lab/screen.ts';
import { findTemporalTestServer } from '../lab/temporal.ts';
import { serverOf } from './postgres.ts';

/** Starts the real parts once for all test files, on throw-away data; the files find them in the environment. */
export default async function startParts(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-test-'));
  const lab = await startLab({ dataDir, nodes: 'auto', report: reportTo(console.log) });
  try {
    await startEveryKind(lab);
    Object.assign(process.env, kindSettings(lab.context), await placesOf(lab));
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return async () => {
    await lab.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

async function startEveryKind({ context, cluster }: Lab): Promise<void> {
  const troubles = await startKinds(context, cluster);
  if (troubles.length === 0) return;
  const lines = troubles.map(({ part, why }) => `${part}: ${why}`);
  throw new Error(`The tests need every kind of runtime, and these could not be had:\n${lines.join('\n')}`);
}

async function placesOf({ context, cluster, temporal, postgres }: Lab): Promise<Record<string, string>> {
  return {
    RUNTIMEAI_TEST_KUBECONFIG: cluster.kubeconfigPath,
    RUNTIMEAI_TEST_CONTEXT: cluster.contextName,
    RUNTIMEAI_TEST_HELM: cluster.helmPath,
    RUNTIMEAI_HELM: cluster.helmPath,
    RUNTIMEAI_TEST_NODES: cluster.nodeKinds.join(','),
    RUNTIMEAI_TEST_TEMPORAL: temporal.address,
    RUNTIMEAI_TEST_POSTGRES: JSON.stringify(await serverOf(context, postgres)),
    RUNTIMEAI_TEST_SERVER_BIN: await findTemporalTestServer(context.cacheDir),
  };
}
