import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Cluster } from '../cluster.ts';
import type { LabContext } from '../context.ts';
import { type CustomKind, installCustomKinds } from '../extras/custom-kinds.ts';
import { type KubernetesApi, kubernetesApi, waitFor } from '../kubernetes-api.ts';
import { nodeKindLabel } from '../node-status.ts';
import { partReport } from '../progress.ts';
import { repositoryRoot } from '../root.ts';
import { type Objects, objectsOf } from './cluster.ts';
import { reconcileInstance } from './instances.ts';
import { reconcileDataVolume, reconcileMachine } from './machines.ts';
import { endForgottenMigrations, reconcileMigration } from './migrations.ts';
import { reconcileRestore } from './restores.ts';
import { reconcileSnapshot } from './snapshots.ts';
import { readWorld, type World } from './world.ts';

const BUSY_MS = 150;
const IDLE_MS = 500;
/** After a change others usually follow, e.g. a pod that becomes ready. */
const BUSY_FOR_MS = 3000;

/**
 * Makes the cluster answer as one with KubeVirt would, as far as objects go: no virtual machine runs. Installs the
 * kinds, lets machines onto the simulated nodes, and plays KubeVirt's controllers until the lab stops.
 */
export async function startKubeVirtStandIn(
  context: Pick<LabContext, 'report' | 'signal' | 'processes'>,
  cluster: Pick<Cluster, 'kubeconfigPath'>,
): Promise<void> {
  const say = partReport('KubeVirt', context.report);
  const api = apiOf(cluster.kubeconfigPath);
  await installCustomKinds(api, { kinds: machineKinds(), signal: context.signal });
  await listable(api, context.signal);
  await openNodes(api);
  const stop = new AbortController();
  const ended = play(api, AbortSignal.any([context.signal, stop.signal]), say);
  context.processes.push({
    name: 'kubevirt-stand-in',
    stopOrder: -1,
    pid: () => undefined,
    stop: async () => {
      stop.abort();
      await ended;
      api.close();
    },
  });
  say('ready', 'virtual machines are simulated: objects as KubeVirt v1.9.0 keeps them, and no guest inside');
}

function apiOf(kubeconfigPath: string): KubernetesApi {
  const { clusters, users } = parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { token: string } }];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return kubernetesApi({
    server,
    token: users[0].user.token,
    ca: Buffer.from(ca, 'base64').toString('utf8'),
  });
}

function machineKinds(): CustomKind[] {
  const text = readFileSync(join(repositoryRoot(), 'lab', 'kubevirt', 'crds.yaml'), 'utf8');
  return (parse(text, { maxAliasCount: 1000 }) as { items: CustomKind[] }).items;
}

/** What KubeVirt's node agent says of the nodes it runs on. */
async function openNodes(api: KubernetesApi): Promise<void> {
  const { items } = (await api.send('GET', `/api/v1/nodes?labelSelector=${nodeKindLabel}%3Dsimulated`)) as {
    items: { metadata: { name: string } }[];
  };
  const labels = { 'kubevirt.io/schedulable': 'true' };
  await Promise.all(
    items.map(({ metadata }) =>
      api.send('PATCH', `/api/v1/nodes/${metadata.name}`, { metadata: { labels } }),
    ),
  );
}

/** A kind that was just made is established before its objects can be listed. */
async function listable(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  const objects = objectsOf(api, () => undefined);
  await waitFor('lists of KubeVirt’s objects', {
    until: () => readWorld(objects).then(() => true as const, String),
    seconds: 30,
    signal,
  });
}

async function play(
  api: KubernetesApi,
  signal: AbortSignal,
  say: ReturnType<typeof partReport>,
): Promise<void> {
  let wroteAt = 0;
  const objects = objectsOf(api, () => {
    wroteAt = Date.now();
  });
  let trouble = '';
  while (!signal.aborted) {
    const now = await troubleIn(objects);
    if (now !== trouble && now !== '' && !signal.aborted) say('working', now);
    trouble = now;
    await delay(Date.now() - wroteAt < BUSY_FOR_MS ? BUSY_MS : IDLE_MS, undefined, { signal }).catch(() => {
      // Stopped while waiting: the loop sees it.
    });
  }
}

/** What went wrong in one round, in words; empty when nothing did. */
async function troubleIn(objects: Objects): Promise<string> {
  try {
    return (await round(await readWorld(objects))).join('; ');
  } catch (error) {
    return `the API server does not answer: ${String(error)}`;
  }
}

/** One look at everything; what went wrong with one object keeps no other from its turn, and comes back next round. */
async function round(world: World): Promise<readonly string[]> {
  const work = [
    ...world.dataVolumes.map(each => reconcileDataVolume(world, each)),
    ...world.machines.map(each => reconcileMachine(world, each)),
    ...world.instances.map(each => reconcileInstance(world, each)),
    ...world.migrations.map(each => reconcileMigration(world, each)),
    ...world.snapshots.map(each => reconcileSnapshot(world, each)),
    ...world.restores.map(each => reconcileRestore(world, each)),
    endForgottenMigrations(world),
  ];
  const settled = await Promise.allSettled(work);
  return settled.flatMap(result => (result.status === 'rejected' ? [String(result.reason)] : []));
}
