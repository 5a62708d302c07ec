import { describe, expect, it } from 'vitest';
import type { Seen } from '../../../adapters/adapter.ts';
import { OPERATION_ANNOTATION } from '../../../domain/rules/labels.ts';
import { until } from '../../until.ts';
import { type Contents, declared, identities, isDerived } from './cluster-contents.ts';
import { labelsOf, type RuntimeUnderTest, useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import type { Walked } from './walker.ts';

/** From nothing to a runtime and back. */
export function describeCreation(suite: Conformance): void {
  describe('creates and deletes', () => {
    const runtime = useRuntime(suite, { absent: true });
    let created: Walked;

    it('plans without changing anything', async () => {
      const { adapter, walker, running, contents } = runtime();
      const before = versions(await contents());
      const { summary, changes } = await adapter.plan(walker.step({ verb: 'create' }, running));
      expect(summary.create).toBeGreaterThan(0);
      expect(changes.filter(({ change }) => change === 'create')).toHaveLength(summary.create);
      expect(versions(await contents())).toEqual(before);
    });

    it('creates what it planned, and observes that it is reached', async () => {
      const { walker, running, judge } = runtime();
      created = await walker.walk({ verb: 'create' }, running);
      expect(await judge()).toMatchObject({ status: 'healthy' });
    });

    it('labels all that the observer follows, and marks what it made with the operation', async () => {
      const { target, adapter } = runtime();
      const made = await madeBy(runtime());
      const followed = [...adapter.health.kinds.map(({ kind }) => kind), 'Pod'];
      const labelled = [...(await runtime().contents())].filter(([, { kind }]) => followed.includes(kind));
      expect(labelled.length).toBeGreaterThan(0);
      for (const [key, { metadata }] of labelled)
        expect(metadata.labels, key).toMatchObject(labelsOf(target));
      const marks = made.map(([, { metadata }]) => metadata.annotations?.[OPERATION_ANNOTATION]);
      expect(marks).toContain(created.step.operationId);
    });

    it('does nothing more when the same step is repeated', async () => {
      const { walker, contents } = runtime();
      const before = await contents();
      const again = await walker.begin(created.step, created.plan.base);
      await walker.reach(created.step, again);
      expect(identities(await contents())).toEqual(identities(before));
      expect(declared(await contents())).toEqual(declared(before));
    });

    it('judges by what it kept as it would by the whole objects', async () => {
      const { adapter, judge, seen } = runtime();
      const now = await seen();
      const keptTwice = { ...now, objects: now.objects.map(object => adapter.health.keep(object)) };
      expect(adapter.health.judge(keptTwice)).toEqual(await judge());
    });

    it('judges nothing healthy that is not up, and nothing stopped or healthy that is not there', async () => {
      const { adapter, seen } = runtime();
      const { status } = adapter.health.judge(down(await seen()));
      expect(['unhealthy', 'degraded', 'unknown']).toContain(status);
      const absent = adapter.health.judge({ objects: [], pods: [] });
      expect(['unhealthy', 'unknown']).toContain(absent.status);
      expect(absent.reason).not.toBe('');
    });

    it('no longer observes as reached what was deleted behind its back', async () => {
      const { adapter, kubernetes, target } = runtime();
      const vital = suite.vital(target);
      await kubernetes.delete(vital);
      await until(`${vital.kind} ${vital.name} is gone`, async () => !(await kubernetes.get(vital)));
      const { status, message } = await adapter.observe(created.step, created.begun);
      expect(['failed', 'progressing']).toContain(status);
      expect(message).not.toBe('');
    });

    it('brings it back when it is applied again', async () => {
      const { walker, running, judge } = runtime();
      const step = walker.step({ verb: 'tune_policy' }, running);
      const { base } = await walker.adapter.plan(step);
      await walker.reach(step, await walker.adapter.apply(step, callWith(base)));
      expect(await judge()).toMatchObject({ status: 'healthy' });
    });

    it('plans a delete without changing anything, and leaves nothing when it deletes', async () => {
      const { adapter, walker, contents } = runtime();
      const before = identities(await contents());
      await adapter.plan(walker.step({ verb: 'delete' }));
      expect(identities(await contents())).toEqual(before);
      await walker.walk({ verb: 'delete' });
      await expectNothingLeft(runtime());
    });

    it('finds a delete of what is gone already reached', async () => {
      const { walker, running } = runtime();
      walker.now = running;
      await walker.walk({ verb: 'delete' });
      await expectNothingLeft(runtime());
    });
  });

  describe('takes a create back', () => {
    const runtime = useRuntime(suite, { absent: true });

    it('is stopped by a cancelled operation before it changes anything', async () => {
      const { adapter, walker, running, contents, empty } = runtime();
      const step = walker.step({ verb: 'create' }, running);
      const { base } = await adapter.plan(step);
      const cancelled = AbortSignal.abort(new Error('the operation was cancelled'));
      await expect(adapter.apply(step, { base, signal: cancelled })).rejects.toThrow();
      expect([...(await contents()).keys()]).toEqual([...empty.keys()]);
    });

    it('finds a half-done create again and makes it whole without a second of anything', async () => {
      const { walker, running, contents, adapter } = runtime();
      const step = walker.step({ verb: 'create' }, running);
      const { base } = await adapter.plan(step);
      await walker.begin(step, base);
      const begun = await contents();
      await walker.reach(step, await walker.begin(step, base));
      expect(uidsOf(await contents())).toMatchObject(uidsOf(begun));
      walker.now = null;
      await walker.undo(step, base);
      await expectNothingLeft(runtime());
    });

    it('leaves nothing when a create that has only just begun is undone', async () => {
      const { walker, running, adapter } = runtime();
      const step = walker.step({ verb: 'create' }, running);
      const { base } = await adapter.plan(step);
      await walker.begin(step, base);
      await walker.undo(step, base);
      await expectNothingLeft(runtime());
    });

    it('leaves nothing when a create that had not begun is undone without its plan', async () => {
      const { walker, running } = runtime();
      await walker.undo(walker.step({ verb: 'create' }, running), {});
      await expectNothingLeft(runtime());
    });
  });
}

/** Whatever is declared must be gone at once; what controllers made of it goes by itself. */
async function expectNothingLeft(runtime: RuntimeUnderTest): Promise<void> {
  expect((await madeBy(runtime)).map(([key]) => key)).toEqual([]);
  await until('what controllers made is gone too', async () => {
    const { empty, contents } = runtime;
    // The lock of a release is a Lease, which outlives it on purpose.
    return [...(await contents()).keys()].every(key => empty.has(key) || key.startsWith('Lease '));
  });
}

/** What is there beside what was there before, without what controllers made of it. */
async function madeBy({ empty, contents }: RuntimeUnderTest) {
  return [...(await contents())].filter(
    ([key, object]) => !empty.has(key) && !isDerived(object) && object['type'] !== HELM_RELEASE,
  );
}

/** Helm keeps its own records in Secrets with labels of its own. */
const HELM_RELEASE = 'helm.sh/release.v1';

function callWith(base: Readonly<Record<string, unknown>>) {
  return { base, signal: new AbortController().signal };
}

function versions(contents: Contents): Record<string, string | undefined> {
  return Object.fromEntries([...contents].map(([key, { metadata }]) => [key, metadata.resourceVersion]));
}

function uidsOf(contents: Contents): Record<string, string | undefined> {
  const kept = [...contents].filter(([, object]) => !isDerived(object));
  return Object.fromEntries(kept.map(([key, { metadata }]) => [key, metadata.uid]));
}

/** The same before any controller has reported anything. */
function down({ objects, pods }: Seen): Seen {
  return {
    objects: objects.map(
      ({ status: _status, ...object }) => object as typeof object & Seen['objects'][number],
    ),
    pods: pods.map(({ readySince: _since, ...pod }) => ({ ...pod, ready: false, phase: 'Pending' })),
  };
}
