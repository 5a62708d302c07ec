import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, FakeKubernetesApi } from '../../test/fakes/kubernetes-api.ts';
import { connectKubernetes } from './connection.ts';
import { createKubernetesClient } from './requests.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtimeai-kubeconfig-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function kubeconfig(user: object, server = 'http://127.0.0.1:1'): Promise<string> {
  const file = join(folder, 'config');
  const contexts = ['one', 'two'].map(name => ({ name, context: { cluster: name, user: 'me' } }));
  const clusters = [
    { name: 'one', cluster: { server } },
    { name: 'two', cluster: { server: 'http://two' } },
  ];
  const users = [{ name: 'me', user }];
  await writeFile(file, JSON.stringify({ 'current-context': 'one', contexts, clusters, users }));
  return file;
}

describe('connectKubernetes', () => {
  it('takes the named context, or the current one', async () => {
    const file = await kubeconfig({ token: 'abc' });
    expect((await connectKubernetes({ kubeconfig: file })).server).toBe('http://127.0.0.1:1');
    expect((await connectKubernetes({ kubeconfig: file, context: 'two' })).server).toBe('http://two');
  });

  it('names the contexts there are when the wanted one is not', async () => {
    const file = await kubeconfig({});
    await expect(connectKubernetes({ kubeconfig: file, context: 'three' })).rejects.toThrow(
      /has no context "three"; it has: one, two/,
    );
  });

  it('reads no kubeconfig that was not named', async () => {
    const environment = { KUBECONFIG: await kubeconfig({ token: 'abc' }), HOME: folder };
    await expect(connectKubernetes({ environment })).rejects.toThrow(/RUNTIMEAI_KUBECONFIG/);
  });

  it('sends a token from a file beside the kubeconfig', async () => {
    await writeFile(join(folder, 'token'), 'from-the-file\n');
    const connection = await connectKubernetes({ kubeconfig: await kubeconfig({ tokenFile: 'token' }) });
    expect((await connection.authorize()).headers).toEqual({ authorization: 'Bearer from-the-file' });
  });

  it('asks the program that a kubeconfig names for credentials', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-the-program' },
    };
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'echo',
      args: [JSON.stringify(credential)],
      interactiveMode: 'Never',
    };
    const connection = await connectKubernetes({
      kubeconfig: await kubeconfig({ exec }, 'https://127.0.0.1:1'),
    });
    expect((await connection.authorize()).headers).toEqual({ authorization: 'Bearer from-the-program' });
    connection.close();
  });

  it('says which file could not be read', async () => {
    await expect(connectKubernetes({ kubeconfig: join(folder, 'none') })).rejects.toThrow(
      /Cannot read the kubeconfig/,
    );
  });
});

describe('calls', () => {
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'b' };
  let api: FakeKubernetesApi;

  beforeEach(async () => {
    api = await FakeKubernetesApi.start();
  });

  afterEach(() => api.stop());

  it('are made again when the server closed the kept socket just then', async () => {
    const client = createKubernetesClient(api.connection);
    await client.get(reference);
    api.misbehaveOnce(
      () => true,
      (_request, response) => response.destroy(),
    );
    expect(await client.get(reference)).toBeDefined();
    expect(api.requests).toHaveLength(3);
  });

  it('never make an object twice because of that', async () => {
    const client = createKubernetesClient(api.connection);
    await client.get(reference);
    api.misbehaveOnce(
      () => true,
      (_request, response) => response.destroy(),
    );
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'a' } };
    await expect(client.create(object)).rejects.toMatchObject({ kind: 'unreachable', retryable: true });
    expect(api.requests.filter(request => request.method === 'POST')).toHaveLength(1);
  });

  it('say what was asked of which server when nobody answers', async () => {
    const connection = { ...api.connection, server: 'http://127.0.0.1:9' };
    const error = await createKubernetesClient(connection)
      .get(reference)
      .catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/Reading Pod a\/b: no answer from http:\/\/127.0.0.1:9: .*ECONNREFUSED/);
  });

  it('do not follow anything but what the server says', async () => {
    api.misbehaveOnce(
      () => true,
      (_request, response) => answerJson(response, 302, {}),
    );
    await expect(createKubernetesClient(api.connection).get(reference)).rejects.toMatchObject({
      status: 302,
    });
  });
});
