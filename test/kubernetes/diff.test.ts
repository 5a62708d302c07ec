import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffObjects, summarize } from '../../clients/kubernetes/diff.ts';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { agentDeployment, configMap, removeNamespace, testCluster, testNamespace } from './cluster.ts';

let client: KubernetesClient;
let namespace: string;

beforeAll(async () => {
  client = await testCluster();
  namespace = await testNamespace(client);
});

afterAll(async () => {
  await removeNamespace(client, namespace);
  client.connection.close();
});

function deployment(image: string, operationId: string): KubernetesObject {
  return agentDeployment({ namespace, runtimeId: 'rt_1', operationId, image, replicas: 0 });
}

function secret(value: string): KubernetesObject {
  const data = { password: Buffer.from(value).toString('base64'), same: 'c2FtZQ==' };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'credentials', namespace }, data };
}

function applyAsHelm(object: KubernetesObject): Promise<KubernetesObject> {
  return client.apply(object, { fieldManager: 'helm' });
}

describe('diffObjects', () => {
  it('shows what would be made, changed, left and removed, and changes nothing', async () => {
    const previous = [
      deployment('x/agent:1.0.0', 'op_1'),
      configMap(namespace, 'stays', { a: '1' }),
      configMap(namespace, 'goes', { b: '1' }),
    ];
    for (const object of previous) await applyAsHelm(object);
    const next = [
      deployment('x/agent:2.0.0', 'op_2'),
      configMap(namespace, 'stays', { a: '1' }),
      configMap(namespace, 'comes', { c: '1' }),
    ];
    const changes = await diffObjects(client, { previous, next });
    expect(changes.map(({ name, change }) => [name, change])).toEqual([
      ['agent', 'update'],
      ['stays', 'unchanged'],
      ['comes', 'create'],
      ['goes', 'remove'],
    ]);
    expect(summarize(changes)).toEqual({ create: 1, update: 1, unchanged: 1, remove: 1 });
    const [update, unchanged, create, remove] = changes.map(change => change.diff);
    expect(update).toContain('-          image: x/agent:1.0.0');
    expect(update).toContain('+          image: x/agent:2.0.0');
    expect(update).not.toMatch(/managedFields|resourceVersion|op_2|generation/);
    expect(unchanged).toBe('');
    expect(create).toContain('+  c: "1"');
    expect(remove).toContain('-  b: "1"');
    expect(
      await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'comes' }),
    ).toBeUndefined();
  });

  it('calls nothing changed when only the operation is another', async () => {
    await applyAsHelm(deployment('x/agent:1.0.0', 'op_1'));
    const [change] = await diffObjects(client, { previous: [], next: [deployment('x/agent:1.0.0', 'op_9')] });
    expect(change?.change).toBe('unchanged');
  });

  it('shows that a field goes away which the manifest no longer has', async () => {
    await applyAsHelm(configMap(namespace, 'shrinks', { keep: '1', drop: '2' }));
    const [change] = await diffObjects(client, {
      previous: [],
      next: [configMap(namespace, 'shrinks', { keep: '1' })],
    });
    expect(change?.diff).toContain('-  drop: "2"');
  });

  it('never shows what is in a Secret, only that it changes', async () => {
    await applyAsHelm(secret('old-password'));
    const [change] = await diffObjects(client, { previous: [], next: [secret('new-password')] });
    expect(change?.change).toBe('update');
    expect(change?.diff).toContain('-  password: (hidden, before)');
    expect(change?.diff).toContain('+  password: (hidden, after)');
    expect(change?.diff).not.toContain(Buffer.from('new-password').toString('base64').slice(0, 8));
  });

  it('fails with the API server’s own words when it would refuse an object', async () => {
    const broken = { ...configMap(namespace, 'broken'), bogus: true };
    const error = await diffObjects(client, { previous: [], next: [broken] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KubernetesError);
    expect(error).toMatchObject({ kind: 'invalid' });
    expect(String(error)).toContain('bogus');
  });
});
