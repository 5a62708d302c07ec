import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { startWatch } from '../../clients/kubernetes/watch.ts';
import { until } from '../until.ts';
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

async function failureOf(work: Promise<unknown>): Promise<KubernetesError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KubernetesError))
    throw new Error(`expected a KubernetesError, got ${String(error)}`);
  return error;
}

describe('the client against a real API server', () => {
  it('creates, reads, patches, lists and deletes', async () => {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'one' };
    expect(await client.get(reference)).toBeUndefined();
    await client.create(configMap(namespace, 'one', { a: '1' }));
    await client.patch(reference, { data: { b: '2' } });
    expect((await client.get(reference))?.['data']).toEqual({ a: '1', b: '2' });
    const listed = await client.list({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      labelSelector: `test=${namespace}`,
    });
    expect(listed.map(object => [object.kind, object.metadata.name])).toEqual([['ConfigMap', 'one']]);
    await client.delete(reference);
    await client.delete(reference);
    expect(await client.get(reference)).toBeUndefined();
  });

  it('stores nothing in a dry run', async () => {
    const outcome = await client.apply(configMap(namespace, 'dry', { a: '1' }), { dryRun: true });
    expect(outcome['data']).toEqual({ a: '1' });
    expect(await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'dry' })).toBeUndefined();
  });

  it('says whose field it is when another manager owns it, and takes it over only when told to', async () => {
    await client.apply(configMap(namespace, 'owned', { a: 'theirs' }), { fieldManager: 'somebody' });
    const error = await failureOf(client.apply(configMap(namespace, 'owned', { a: 'ours' })));
    expect(error).toMatchObject({ kind: 'conflict', status: 409, retryable: false });
    expect(error.message).toContain('somebody');
    const forced = await client.apply(configMap(namespace, 'owned', { a: 'ours' }), { force: true });
    expect(forced['data']).toEqual({ a: 'ours' });
  });

  it('refuses a patch of what changed in between', async () => {
    const made = await client.create(configMap(namespace, 'raced'));
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'raced' };
    await client.patch(reference, { data: { a: '1' } });
    const { resourceVersion } = made.metadata;
    const error = await failureOf(
      client.patch(reference, { metadata: { resourceVersion }, data: { a: '2' } }),
    );
    expect(error).toMatchObject({ kind: 'conflict', retryable: true });
  });

  it('classifies what the API server refuses', async () => {
    const unknownField = { ...configMap(namespace, 'bogus'), bogus: 1 };
    expect(await failureOf(client.apply(unknownField))).toMatchObject({ kind: 'invalid', retryable: false });
    const badValue = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not A Name', namespace } };
    expect(await failureOf(client.create(badValue))).toMatchObject({ kind: 'invalid', reason: 'Invalid' });
    expect(await failureOf(client.apply(configMap('no-such-namespace', 'x')))).toMatchObject({
      kind: 'not_found',
    });
    await client.create(configMap(namespace, 'twice'));
    expect(await failureOf(client.create(configMap(namespace, 'twice')))).toMatchObject({
      kind: 'conflict',
      reason: 'AlreadyExists',
      retryable: false,
    });
  });

  it('tells a quota from a prohibition', async () => {
    await client.create({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace },
      spec: { hard: { secrets: '0' } },
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one-too-many', namespace } };
    const tryOut = () => client.apply(secret, { dryRun: true });
    await until('the quota is in force', () =>
      tryOut().then(
        () => false,
        (error: unknown) => String(error).includes('exceeded quota'),
      ),
    );
    const error = await failureOf(tryOut());
    expect(error).toMatchObject({ kind: 'quota', retryable: false });
  });

  it('says that a namespace is going away, and that waiting helps', async () => {
    const going = await testNamespace(client);
    await client.create({
      ...configMap(going, 'keeper'),
      metadata: { name: 'keeper', namespace: going, finalizers: ['runtimeai.dev/test'] },
    });
    await removeNamespace(client, going);
    const error = await failureOf(client.create(configMap(going, 'too-late')));
    expect(error).toMatchObject({ kind: 'terminating', retryable: true });
    await client.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: going, name: 'keeper' },
      { metadata: { finalizers: null } },
    );
  });
});

describe('the watch on a real API server', () => {
  it('lists more than a page, follows changes, and is heard every round', async () => {
    const label = { test: namespace };
    const many = Array.from({ length: 620 }, (_, index) => configMap(namespace, `many-${index}`));
    const lanes = Array.from({ length: 20 }, async () => {
      for (let next = many.pop(); next; next = many.pop()) await client.create(next);
    });
    await Promise.all(lanes);
    const troubles: string[] = [];
    const watch = startWatch({
      connection: client.connection,
      apiVersion: 'v1',
      kind: 'ConfigMap',
      labelSelector: `test=${label.test}`,
      roundSeconds: 3,
      project: object => object.metadata.name,
      onChange: () => undefined,
      onTrouble: trouble => troubles.push(trouble.reason),
    });
    await watch.listed;
    const before = watch.objects.size;
    expect(before).toBeGreaterThanOrEqual(620);
    await client.create(configMap(namespace, 'later'));
    await until('it came', () => [...watch.objects.values()].includes('later'));
    await client.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'later' });
    await until('it went', () => watch.objects.size === before);
    const ages: number[] = [];
    const end = Date.now() + 7000;
    await until('two rounds are over', () => {
      ages.push(watch.ageSeconds());
      return Date.now() > end;
    });
    expect(Math.max(...ages)).toBeLessThan(3.5);
    expect(troubles).toEqual([]);
    await watch.stop();
  });

  it('gets by with metadata where that is enough', async () => {
    await client.apply(
      agentDeployment({ namespace, runtimeId: 'rt_x', operationId: 'op_x', image: 'x/y:1.0.0', replicas: 0 }),
    );
    const seen: unknown[] = [];
    const watch = startWatch({
      connection: client.connection,
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace,
      metadataOnly: true,
      roundSeconds: 3,
      project: object => object,
      onChange: ({ object }) => seen.push(object),
      onTrouble: () => undefined,
    });
    await watch.listed;
    expect(seen[0]).toMatchObject({ metadata: { name: 'agent' } });
    expect(seen[0]).not.toHaveProperty('spec');
    await watch.stop();
  });
});
