import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import type { LabContext } from '../context.ts';
import { withLock } from '../lock.ts';
import { partReport } from '../progress.ts';
import { openClusterAccess } from './cluster-access.ts';
import { goModuleFolder } from './go-module.ts';
import { keepDoing } from './loop.ts';
import { actAsSyncer } from './vcluster-syncer.ts';

/** The vcluster of the lab; `lab/vcluster/go.mod` requires the same. */
const VERSION = '0.36.1';

/** Where the chart of virtual clusters lies once it was fetched. */
export function vclusterChart(cacheDir: string): string {
  return join(cacheDir, 'vcluster', VERSION, 'chart');
}

/**
 * Makes virtual clusters possible: the real chart, and a stand-in for what a control plane does to snapshot requests.
 * The control planes themselves are simulated pods, for their images lie in a registry: there is no API inside them.
 * Needs the lab's volumes.
 */
export async function startVCluster(
  context: LabContext,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<void> {
  const say = partReport('vcluster', context.report);
  say('starting', 'the chart of virtual clusters');
  const chart = await chartFolder(context);
  const { api } = openClusterAccess(context, cluster);
  keepDoing(context, { name: 'vcluster-syncer', everyMs: 500, work: () => actAsSyncer(api) });
  say('ready', `chart ${VERSION} in ${chart}; control planes are simulated`);
}

/** The chart out of the Go module, with the version its release would have: in the module it is a placeholder. */
async function chartFolder(context: LabContext): Promise<string> {
  const folder = vclusterChart(context.cacheDir);
  if (existsSync(join(folder, 'Chart.yaml'))) return folder;
  const { signal } = context;
  await withLock({ path: `${folder}.lock`, signal }, async () => {
    if (existsSync(join(folder, 'Chart.yaml'))) return;
    const module = await goModuleFolder(context, { required: 'github.com/loft-sh/vcluster', by: 'vcluster' });
    copyChart(join(module, 'chart'), folder);
  });
  return folder;
}

function copyChart(from: string, to: string): void {
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  for (const name of ['templates', 'values.yaml', 'values.schema.json', '.helmignore'])
    cpSync(join(from, name), join(unfinished, name), { recursive: true });
  const about = readFileSync(join(from, 'Chart.yaml'), 'utf8');
  const version = about.replace(/^version: .*$/m, `version: ${VERSION}\nappVersion: ${VERSION}`);
  writeFileSync(join(unfinished, 'Chart.yaml'), version);
  renameSync(unfinished, to);
}
