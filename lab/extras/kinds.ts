import type { Cluster } from '../cluster.ts';
import type { LabContext } from '../context.ts';
import { startKubeVirtStandIn } from '../kubevirt/stand-in.ts';
import { startAgentSandbox } from './agent-sandbox.ts';
import { startStrongIsolation } from './strong-isolation.ts';
import { startVCluster } from './vcluster.ts';
import { startVolumes } from './volumes.ts';

/** What could not be started, and why. */
export interface KindTrouble {
  readonly part: string;
  readonly why: string;
}

type Start = Pick<LabContext, 'report' | 'signal'>;

/**
 * Makes every kind of runtime possible on the lab's own cluster, each part by itself. Never throws: what fails is
 * reported and answered, and the others go on. It has let go of everything when its signal is aborted and it returns.
 */
export function startKinds(
  context: LabContext,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<readonly KindTrouble[]> {
  return startEach(context, {
    KubeVirt: () => startKubeVirtStandIn(context, cluster),
    isolation: () => startStrongIsolation(context, cluster),
    volumes: () => startVolumes(context, cluster),
    vcluster: () => startVCluster(context, cluster),
    'agent-sandbox': () => startAgentSandbox(context, cluster),
  });
}

/** Starts parts at once that do not need each other; answers those that failed. */
export async function startEach(
  starting: Start,
  parts: Readonly<Record<string, () => Promise<void>>>,
): Promise<readonly KindTrouble[]> {
  const troubles = Object.entries(parts).map(([part, start]) => troubleWith(starting, part, start));
  return (await Promise.all(troubles)).filter(trouble => trouble !== undefined);
}

async function troubleWith(
  { report, signal }: Start,
  part: string,
  start: () => Promise<void>,
): Promise<KindTrouble | undefined> {
  const startedAt = performance.now();
  try {
    await start();
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    const detail = `${why}\nEverything else goes on without it; start again to have it tried again.`;
    report({ part, state: 'failed', detail, elapsedMs: performance.now() - startedAt });
    return { part, why };
  }
}
