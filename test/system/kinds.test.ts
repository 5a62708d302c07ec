import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Snapshot } from '../../domain/lifecycle.ts';
import { contentsOf, declared } from '../adapters/conformance/cluster-contents.ts';
import { must, refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { KINDS, placeOf } from './kinds.ts';
import { type LifecycleVerb, Subject } from './lifecycle.ts';
import { type System, startSystem } from './system.ts';
import { podsOf, tracesIn, tracesOutside } from './traces.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

let system: System;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(() => system?.stop());

describe.each(KINDS)('the life of one $type', kind => {
  const { type } = kind;
  const project = type.replace('_', '-');
  const wanted = { name: 'subject', type, project };
  let subject: Subject;
  let namespace: string;

  const pods = () => podsOf(system.kubernetes, { namespace, runtimeId: subject.id });
  const declarations = async () => declared(await contentsOf(system.kubernetes, namespace));
  const can = (verb: LifecycleVerb) => kind.can.includes(verb);

  beforeAll(() => {
    namespace = placeOf(kind, { tenantId: system.open.id, project });
  });

  it('begins with a name and a type alone, and runs', async () => {
    subject = await Subject.made(system.open.people.developer, wanted);
    expect(await subject.read()).toMatchObject({ ...wanted, state: 'running', power: 'running' });
    expect(await pods()).not.toEqual([]);
  });

  it('stops: nothing of it runs any more', async () => {
    await subject.has('stop', { reason: 'nobody needs it at night' });
    expect(await subject.read()).toMatchObject({ state: 'stopped', power: 'stopped' });
    expect(await pods()).toEqual([]);
  });

  it('is scaled while it is stopped, and stays stopped', async () => {
    await subject.has('scale', kind.scale.body);
    expect(await subject.read()).toMatchObject({ state: 'stopped', spec: kind.scale.spec });
    expect(await pods()).toEqual([]);
  });

  it('starts as what it was scaled to; stopped and started once more, it is exactly what it was', async () => {
    await subject.has('start');
    expect(await subject.read()).toMatchObject({ state: 'running', power: 'running', spec: kind.scale.spec });
    const whole = await declarations();
    await subject.has('stop', { force: true });
    await subject.has('start');
    expect(await declarations()).toEqual(whole);
    expect(await subject.read()).toMatchObject({ state: 'running' });
  });

  it('restarts: what runs is another, of the same making', async () => {
    const [whole, before] = [await declarations(), await pods()];
    await subject.has('restart');
    const after = await pods();
    expect(after).toHaveLength(before.length);
    expect(after.filter(uid => before.includes(uid))).toEqual([]);
    expect(await declarations()).toEqual(whole);
    expect(await subject.read()).toMatchObject({ state: 'running' });
  });

  it.runIf(can('snapshot'))('is copied, and says what is in the copy', async () => {
    await subject.has('snapshot', { name: 'before-lunch' });
    const path = `/runtimes/${subject.id}/snapshots`;
    const { items } = must(200, await subject.caller.get<{ items: Snapshot[] }>(path));
    expect(items).toMatchObject([{ name: 'before-lunch', status: 'ready', contents: expect.any(Array) }]);
    expect(items[0]?.contents).not.toEqual([]);
    expect(refusal(await subject.ask('snapshot', { name: 'before-lunch' }))).toEqual([
      409,
      'snapshot_name_taken',
    ]);
  });

  it.runIf(can('restore'))('is put back to a copy, and runs', async () => {
    await subject.has('restore', { snapshot: 'before-lunch' });
    expect(await subject.read()).toMatchObject({ state: 'running' });
    expect(await pods()).not.toEqual([]);
    expect(refusal(await subject.ask('restore', { snapshot: 'never-taken' }))).toEqual([
      422,
      'snapshot_not_found',
    ]);
  });

  it.runIf(can('migrate'))('moves to another node while it runs', async () => {
    const before = await nodesOf(namespace, subject.id);
    await subject.has('migrate');
    const after = await nodesOf(namespace, subject.id);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  it('refuses what its kind cannot, and what makes no sense for what is stopped', async () => {
    const never = (['snapshot', 'restore', 'migrate'] as const).filter(verb => !can(verb));
    for (const verb of never)
      expect(refusal(await subject.ask(verb, verb === 'restore' ? { snapshot: 'any' } : {}))).toEqual([
        422,
        'capability_not_supported',
      ]);
    await subject.has('stop', { force: true });
    expect(refusal(await subject.ask('restart'))).toEqual([409, 'wrong_state']);
    await subject.has('start');
  });

  it('carries a goal out', async () => {
    const { words: goal, spec } = kind.goal;
    const version = (await subject.read()).version;
    const tried = await subject.hasIntent({ goal, dry_run: true });
    expect(tried).toMatchObject({ status: 'succeeded', plan: { actions: [{ type: 'scale' }] } });
    expect((await subject.read()).version).toBe(version);

    const done = await subject.hasIntent({ goal });
    expect(done.plan?.actions).toEqual(tried.plan?.actions);
    expect(done.result).toMatchObject({ executed_actions: [{ status: 'succeeded' }], undone: false });
    expect(await subject.read()).toMatchObject({ state: 'running', spec });
  });

  it('is deleted: nothing of it is left in the cluster, its history stays, and its name is free', async () => {
    await subject.isDeleted();
    expect(await subject.read()).toMatchObject({ state: 'deleted' });
    expect(await tracesIn(system.kubernetes, namespace)).toEqual([]);
    await eventually({
      what: 'no volume or other object outside of the namespace is left',
      read: () => tracesOutside(system.kubernetes, namespace),
      until: left => left.length === 0,
      seconds: 10,
    });
    expect(refusal(await subject.ask('start'))).toEqual([409, 'runtime_deleted']);
    expect(refusal(await subject.askDelete())).toEqual([409, 'runtime_deleted']);
    expect((await subject.operations()).map(({ kind }) => kind)).toContain('restart');
    expect((await subject.caller.events(subject.id)).map(({ type }) => type)).toContain('lifecycle.delete');

    const again = await Subject.made(subject.caller, wanted);
    expect(again.id).not.toBe(subject.id);
    expect(await again.read()).toMatchObject({ state: 'running' });
    await again.isDeleted();
  });
});

async function nodesOf(namespace: string, runtimeId: string): Promise<readonly string[]> {
  const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
  const pods = await system.kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  const running = pods.filter(pod => (pod['status'] as { phase?: string }).phase === 'Running');
  return running.map(pod => (pod['spec'] as { nodeName?: string }).nodeName ?? '');
}
