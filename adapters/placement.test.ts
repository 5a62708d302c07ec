import { describe, expect, it } from 'vitest';
import { createBareCluster } from '../test/fakes/bare-cluster.ts';
import { refuseUnplaceable } from './placement.ts';

function node(name: string, model: string, gpus: string) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'nvidia.com/gpu.product': model } },
    status: { allocatable: { 'nvidia.com/gpu': gpus } },
  };
}

const nodes = [node('one', 'A10', '2'), node('two', 'A100', '1')];
const cluster = { ...createBareCluster(), list: async () => nodes };

describe('a runtime that asks for a GPU', () => {
  it('has a place on a node that has as many of that model', async () => {
    await expect(refuseUnplaceable(cluster, { gpu: '2xA10' }, {})).resolves.toBeUndefined();
  });

  it.each(['3xA10', '2xA100', '1xH100'])('has none for %s, and is told the models there are', async gpu => {
    await expect(refuseUnplaceable(cluster, { gpu }, {})).rejects.toMatchObject({
      code: 'gpu_unavailable',
      message: expect.stringContaining('models there are: A10, A100'),
    });
  });
});

describe('a runtime that asks for strong isolation', () => {
  it('is refused where the cluster lacks the configured RuntimeClass', async () => {
    const settings = { strongRuntimeClass: 'gvisor' };
    await expect(refuseUnplaceable(cluster, { isolation: 'strong' }, settings)).rejects.toMatchObject({
      code: 'isolation_unavailable',
      message: expect.stringContaining('RuntimeClass gvisor'),
    });
    await expect(refuseUnplaceable(cluster, { isolation: 'basic' }, settings)).resolves.toBeUndefined();
  });
});
