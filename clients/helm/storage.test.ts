import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { createReleaseStorage } from './storage.ts';

const NAME = { release: 'agent', namespace: 'ns' };

describe('the release storage', () => {
  it('reads all revisions, oldest first, each with its labels and digest', async () => {
    const history = await storageOf(secret(10), secret(9)).history(NAME);
    expect(history.map(({ revision }) => revision)).toEqual([9, 10]);
    expect(history[0]).toMatchObject({
      status: 'deployed',
      description: 'Upgrade complete',
      labels: { 'rtai-op': 'op_1' },
      chart: { name: 'agent-runtime', version: '0.1.0' },
      modifiedAt: new Date('2026-01-02T03:04:05Z'),
      secret: { name: 'sh.helm.release.v1.agent.v9', resourceVersion: '9' },
    });
    expect(history[0]?.manifestDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each([
    ['no data', undefined],
    ['nonsense', 'bm9uc2Vuc2U='],
    ['another JSON', encode([])],
    ['a release without a version', encode({ info: { status: 'deployed' } })],
  ])('does not skip a Secret with %s', async (_, release) => {
    const broken = { ...secret(2), data: { release } };
    await expect(storageOf(secret(1), broken).history(NAME)).rejects.toThrow(
      /sh\.helm\.release\.v1\.agent\.v2 cannot be read/,
    );
  });

  it('marks a revision failed in label and content at once, if nobody wrote to it since', async () => {
    const patches: object[] = [];
    const storage = storageOf(secret(3), patches);
    const [release] = await storage.history(NAME);
    if (release === undefined) throw new Error('no release');
    await storage.markFailed(release, 'helm died');
    const [patch] = patches as { metadata: object; data: { release: string } }[];
    expect(patch?.metadata).toEqual({ resourceVersion: '3', labels: { status: 'failed' } });
    const [after] = await storageOf({ ...secret(3), data: patch?.data }).history(NAME);
    expect(after).toMatchObject({
      status: 'failed',
      description: 'helm died',
      manifest: release.manifest,
      revision: 3,
    });
  });
});

function storageOf(...parts: (KubernetesObject | object[])[]) {
  const patches = parts.find(part => Array.isArray(part));
  const secrets = parts.filter(part => !Array.isArray(part)) as KubernetesObject[];
  return createReleaseStorage({
    list: async () => secrets,
    patch: async (_, patch) => {
      patches?.push(patch);
      return secrets[0] as KubernetesObject;
    },
  });
}

function secret(revision: number): KubernetesObject {
  const release = encode({
    name: 'agent',
    version: revision,
    namespace: 'ns',
    info: { status: 'deployed', description: 'Upgrade complete', last_deployed: '2026-01-02T03:04:05Z' },
    chart: { metadata: { name: 'agent-runtime', version: '0.1.0' } },
    manifest: '---\n# Source: a\nkind: Service\n',
  });
  const labels = {
    owner: 'helm',
    name: 'agent',
    status: 'deployed',
    version: String(revision),
    modifiedAt: '1',
    'rtai-op': 'op_1',
  };
  const metadata = {
    name: `sh.helm.release.v1.agent.v${revision}`,
    namespace: 'ns',
    resourceVersion: String(revision),
    labels,
  };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: { release } };
}

function encode(release: unknown): string {
  return Buffer.from(gzipSync(JSON.stringify(release)).toString('base64')).toString('base64');
}
