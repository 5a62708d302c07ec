import { describe, expect, it } from 'vitest';
import { AdapterFailure } from '../../../adapters/failure.ts';
import { isErrorCode } from '../../../domain/rules/error-code.ts';
import type { RuntimeSpec } from '../../../domain/runtime.ts';
import { createBareCluster } from '../../fakes/bare-cluster.ts';
import { useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';

const METHODS = ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate'] as const;

/** What it says of itself, and what it refuses. */
export function describePromises(suite: Conformance): void {
  describe('says what it is', () => {
    const runtime = useRuntime(suite, { absent: true });

    it('names its capabilities, and has a method for each of those verbs and for no other', () => {
      const { adapter } = runtime();
      expect([...adapter.capabilities].sort()).toEqual([...suite.capabilities].sort());
      const methods = METHODS.filter(name => adapter[name] !== undefined);
      const promised = METHODS.filter(name => suite.capabilities.includes(name));
      expect(methods).toEqual(promised);
    });

    it('can start whatever it can stop', () => {
      expect(suite.capabilities.includes('start')).toBe(suite.capabilities.includes('stop'));
    });

    it('misses nothing in a cluster that was prepared for it', async () => {
      expect((await runtime().adapter.prerequisites()).missing).toEqual([]);
    });

    it('says what a cluster that has only Kubernetes lacks, and how to install it', async () => {
      const { missing } = await (await suite.make(createBareCluster())).prerequisites();
      const words = missing.map(({ what }) => what);
      for (const expected of suite.misses) expect(words).toContainEqual(expect.stringMatching(expected));
      if (suite.misses.length === 0) expect(missing).toEqual([]);
      for (const { install } of missing) expect(install).not.toBe('');
    });
  });

  describe('refuses in its plan, with a code and what to do next,', () => {
    const runtime = useRuntime(suite, { absent: true });

    const refusalOf = async (spec: RuntimeSpec): Promise<AdapterFailure> => {
      const { adapter, walker } = runtime();
      const step = walker.step({ verb: 'create' }, { spec, power: 'running' });
      const failure = await adapter.plan(step).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure instanceof AdapterFailure) return failure;
      throw new Error(`expected an AdapterFailure, got ${String(failure)}`);
    };

    const { resources, security } = suite.spec;
    const refused: Conformance['refuses'] = [
      {
        what: 'a GPU no node has',
        spec: { ...suite.spec, resources: { ...resources, gpu: '1xNoSuchModel' } },
        code: 'gpu_unavailable',
      },
      {
        what: 'a compliance word nobody configured',
        spec: {
          ...suite.spec,
          security: { isolation: 'basic', audit: true, ...security, compliance: ['no-such-word'] },
        },
        code: 'compliance_unavailable',
      },
      ...(suite.refuses ?? []),
    ];

    it.each(refused)('$what', async ({ spec, code }) => {
      const failure = await refusalOf(spec);
      expect(failure.code).toBe(code);
      expect(isErrorCode(failure.code)).toBe(true);
      expect(failure.message.length).toBeGreaterThan(20);
      expect(failure.nextStep.length).toBeGreaterThan(10);
      expect(failure.retryable).toBe(false);
    });

    it('and changes nothing', async () => {
      const { empty, contents } = runtime();
      expect([...(await contents()).keys()]).toEqual([...empty.keys()]);
    });
  });
}
