import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenOf } from './cluster-users.ts';
import { type KubernetesApi, kubernetesApi } from './kubernetes-api.ts';
import { type Lab, startLab } from './lab.ts';
import { labMark } from './leftovers.ts';
import { processesMarked } from './process-identity.ts';
import { simulatedScheduling } from './simulated-nodes.ts';

test('a folder with other things in it is refused, not overwritten', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lab-foreign-'));
  writeFileSync(join(dataDir, 'thesis.txt'), 'all my work');
  await expect(startLab({ dataDir, parts: [], fresh: true })).rejects.toThrow(/not empty and holds no lab/);
  expect(existsSync(join(dataDir, 'thesis.txt'))).toBe(true);
});

test('of two starts at once on new data one is refused', async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'lab-twice-')), 'data');
  const starts = await Promise.allSettled([
    startLab({ dataDir, parts: [] }),
    startLab({ dataDir, parts: [] }),
  ]);
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const start of starts) if (start.status === 'fulfilled') await start.value.stop();
});

test('a damaged state file does not keep a fresh start from beginning anew', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lab-damaged-'));
  writeFileSync(join(dataDir, 'lab-state.json'), '{"phase"');
  await expect(startLab({ dataDir, parts: [] })).rejects.toThrow(/--fresh/);
  const lab = await startLab({ dataDir, parts: [], fresh: true });
  await lab.stop();
});

describe('a lab with PostgreSQL and a cluster', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lab-whole-'));
  let lab: Lab<'postgres' | 'cluster'>;
  let api: KubernetesApi;

  beforeAll(async () => {
    lab = await startLab({ dataDir, parts: ['postgres', 'cluster'] });
    api = apiOf(lab);
  });

  afterAll(async () => {
    api.close();
    await lab.stop();
    expect(processesMarked(labMark, dataDir)).toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('gives two roles that cannot pass by row-level security, one of which owns the database', async () => {
    for (const [url, owns] of [
      [lab.postgres.ownerUrl, true],
      [lab.postgres.appUrl, false],
    ] as const) {
      const client = new Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query(
        `select rolsuper, rolbypassrls, (select datdba = r.oid from pg_database where datname = current_database()) as owns
         from pg_roles r where rolname = current_user`,
      );
      await client.end();
      expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, owns }]);
    }
  });

  test('refuses a second start on the same data', async () => {
    await expect(startLab({ dataDir, parts: [] })).rejects.toThrow(/in use: process \d+ already runs/);
  });

  test('a simulated pod follows the fate in its tag', async () => {
    await createPod(api, 'simulated-healthy', '1.0.0', simulatedScheduling);
    await createPod(api, 'simulated-never', '1.2.0-never-ready', simulatedScheduling);
    await createPod(api, 'simulated-crash', '1.3.0-crashes-after-1s', simulatedScheduling);
    await createPod(api, 'simulated-slow', '1.4.0-slow-start-1s', simulatedScheduling);
    await expect
      .poll(() => summary(api, 'simulated-healthy'), patient)
      .toMatchObject({ ready: 'True', restarts: 0 });
    await expect.poll(() => summary(api, 'simulated-slow'), patient).toMatchObject({ ready: 'True' });
    await expect
      .poll(() => summary(api, 'simulated-crash'), patient)
      .toMatchObject({ restarts: 1, waiting: 'CrashLoopBackOff', lastExit: 1 });
    expect(await summary(api, 'simulated-never')).toMatchObject({
      ready: 'False',
      message: 'containers with unready status: [agent]',
      restarts: 0,
    });
  });

  test('a real pod follows the fate in its tag, and its log says why', async context => {
    if (!lab.cluster.nodeKinds.includes('real')) return context.skip(lab.cluster.noRealNode);
    await createPod(api, 'real-healthy', '1.0.0');
    await createPod(api, 'real-never', '1.2.0-never-ready');
    await createPod(api, 'real-crash', '1.3.0-crashes-after-3s');
    await expect
      .poll(() => summary(api, 'real-healthy'), patient)
      .toMatchObject({ ready: 'True', node: 'real-1' });
    await expect.poll(() => summary(api, 'real-crash'), patient).toMatchObject({ lastExit: 1 });
    await expect
      .poll(() => api.text('/api/v1/namespaces/default/pods/real-never/log'), patient)
      .toContain('ready: knowledge base not reachable');
    expect(await summary(api, 'real-never')).toMatchObject({ ready: 'False', restarts: 0 });
  });
});

const patient = { timeout: 20_000, interval: 200 };

function apiOf({ cluster, context }: Lab<'postgres' | 'cluster'>): KubernetesApi {
  const ca = readFileSync(join(context.dataDir, 'kubernetes', 'ca.crt'), 'utf8');
  const server = /server: (\S+)/.exec(readFileSync(cluster.kubeconfigPath, 'utf8'))?.[1] ?? '';
  return kubernetesApi({ server, token: tokenOf(context, 'admin'), ca });
}

async function createPod(api: KubernetesApi, name: string, tag: string, where: object = {}): Promise<void> {
  const probe = (path: string) => ({ httpGet: { path, port: 8080 }, periodSeconds: 1 });
  await api.send('POST', '/api/v1/namespaces/default/pods', {
    metadata: { name },
    spec: {
      ...where,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'agent',
          image: `runtimeai.dev/sample-agent:${tag}`,
          startupProbe: { ...probe('/startup'), failureThreshold: 30 },
          readinessProbe: probe('/ready'),
          livenessProbe: probe('/healthz'),
        },
      ],
    },
  });
}

interface Pod {
  spec: { nodeName?: string };
  status: {
    conditions?: { type: string; status: string; message?: string }[];
    containerStatuses?: {
      restartCount: number;
      state?: { waiting?: { reason: string } };
      lastState?: { terminated?: { exitCode: number } };
    }[];
  };
}

async function summary(api: KubernetesApi, name: string) {
  const { spec, status } = (await api.send('GET', `/api/v1/namespaces/default/pods/${name}`)) as Pod;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const container = status.containerStatuses?.[0];
  return {
    node: spec.nodeName,
    ready: ready?.status,
    message: ready?.message,
    restarts: container?.restartCount,
    waiting: container?.state?.waiting?.reason,
    lastExit: container?.lastState?.terminated?.exitCode,
  };
}
