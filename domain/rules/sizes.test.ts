import { describe, expect, test } from 'vitest';
import { RuntimeType, Size } from '../runtime.ts';
import { resourcesOf, SIZES } from './sizes.ts';

describe('resourcesOf', () => {
  test.each([
    ['the medium size when nothing is said', {}, SIZES.vcluster.medium],
    ['those of the size', { size: 'small' }, { cpu: 0.2, memoryMiB: 256, replicas: 1 }],
    [
      'an override beside the rest of the size',
      { size: 'small', resources: { cpu: 3 } },
      { cpu: 3, memoryMiB: 256, replicas: 1 },
    ],
    [
      'a memory in Gi as MiB',
      { size: 'small', resources: { memory: '3Gi' } },
      { cpu: 0.2, memoryMiB: 3072, replicas: 1 },
    ],
    [
      'the size where the override is null',
      { size: 'xlarge', resources: { cpu: null, memory: null, replicas: null } },
      { cpu: 2, memoryMiB: 4096, replicas: 3 },
    ],
    ['no replicas where none are wanted', { resources: { replicas: 0 } }, { replicas: 0 }],
  ] as const)('are %s', (_, spec, expected) => {
    expect(resourcesOf('vcluster', spec)).toMatchObject(expected);
  });

  test.each(RuntimeType.options)('of a %s never shrink from one size to the next', type => {
    const sizes = Size.options.map(size => resourcesOf(type, { size }));
    for (const field of ['cpu', 'memoryMiB', 'replicas'] as const)
      expect(sizes.map(size => size[field])).toEqual(
        sizes.map(size => size[field]).toSorted((a, b) => a - b),
      );
  });
});
