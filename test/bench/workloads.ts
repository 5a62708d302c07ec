import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../db/database.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import { PROJECT_LABEL, RUNTIME_LABEL, TENANT_LABEL } from '../../domain/rules/labels.ts';
import { insertRuntime } from '../builders/runtime-rows.ts';
import type { World } from './world.ts';

interface Wanted {
  readonly namespace: string;
  readonly runtimes: number;
  readonly podsEach: number;
  readonly say: (readyPods: number) => void;
}

const LOOK_EVERY_MS = 1000;
const LONGEST_MS = 15 * 60_000;

/**
 * Runtimes whose rows and Deployments are written without a deploy: reading them is what is measured. Answers their ids
 * when the API says of each that all its pods are ready.
 */
export async function bringUpWorkloads(world: World, wanted: Wanted): Promise<readonly string[]> {
  const { namespace, runtimes, podsEach } = wanted;
  const ids = await insertRuntimes(world, wanted);
  await world.kubernetes.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const id of ids) await world.kubernetes.apply(deployment(world, { id, namespace, podsEach }));
  const deadline = performance.now() + LONGEST_MS;
  for (let ready = -1; ready < runtimes * podsEach; ) {
    if (performance.now() > deadline)
      throw new Error(`Only ${ready} of ${runtimes * podsEach} pods were seen within 15 minutes.`);
    await delay(LOOK_EVERY_MS);
    ready = await readyPods(world, ids);
    wanted.say(ready);
  }
  return ids;
}

async function insertRuntimes(
  { appUrl, tenantId }: World,
  { namespace, runtimes }: Wanted,
): Promise<readonly string[]> {
  const db = await openDatabase(appUrl, { maxConnections: 2 });
  const ids: string[] = [];
  try {
    for (let index = 0; index < runtimes; index += 1)
      ids.push(await insertRuntime(db, { tenantId, name: `${namespace}-${index}` }));
    return ids;
  } finally {
    await db.close();
  }
}

function deployment(
  { tenantId }: World,
  { id, namespace, podsEach }: { id: string; namespace: string; podsEach: number },
) {
  const labels = { [RUNTIME_LABEL]: id, [TENANT_LABEL]: tenantId, [PROJECT_LABEL]: 'default' };
  const resources = { requests: { cpu: '1m', memory: '1Mi' } };
  const containers = [{ name: 'agent', image: 'runtimeai.dev/sample-agent:1.0.0', resources }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: id.replace('_', '-'), namespace, labels },
    spec: {
      replicas: podsEach,
      selector: { matchLabels: { [RUNTIME_LABEL]: id } },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
}

async function readyPods({ client }: World, ids: readonly string[]): Promise<number> {
  const statuses = await Promise.all(ids.map(id => client.get<RuntimeStatus>(`/runtimes/${id}/status`)));
  return statuses.reduce((sum, { signals }) => sum + Number(signals['ready_pods']?.value ?? 0), 0);
}
