import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { contentsOf, declared } from '../adapters/conformance/cluster-contents.ts';
import { must, refusal } from './caller.ts';
import { KINDS, placeOf } from './kinds.ts';
import { Subject } from './lifecycle.ts';
import { type System, startSystem } from './system.ts';
import { IMPOSSIBLE, roomForAnything } from './taken-back.ts';
import { podsOf, tracesIn } from './traces.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

let system: System;

beforeAll(async () => {
  system = await startSystem({ more: roomForAnything({ stepTimeoutSeconds: 6 }) });
});

afterAll(() => system?.stop());

describe.each(KINDS)('a scale of one $type that never comes true', kind => {
  const project = `back-${kind.type.replace('_', '-')}`;
  let subject: Subject;
  let namespace: string;
  let whole: Record<string, unknown>;
  const declarations = async () => declared(await contentsOf(system.kubernetes, namespace));

  beforeAll(async () => {
    namespace = placeOf(kind, { tenantId: system.open.id, project });
    subject = await Subject.made(system.open.people.developer, { name: 'subject', type: kind.type, project });
    whole = await declarations();
  });

  afterAll(() => subject?.isDeleted());

  it('is taken back, and what was before runs again', async () => {
    const { spec } = await subject.read();
    const operation = await subject.has('scale', IMPOSSIBLE, 'rolled_back');
    expect(operation).toMatchObject({ status: 'failed', steps: [{ verb: 'scale', status: 'undone' }] });
    expect(operation.error?.message).toBeTruthy();
    await isWhole(spec);
  });

  it('is taken back when somebody stops it on its way', async () => {
    const { spec } = await subject.read();
    const { id } = must(202, await subject.ask('scale', IMPOSSIBLE));
    await subject.caller.reaches(id, 'verifying');
    expect((await subject.caller.cancel(id)).status).toBeLessThan(300);
    const operation = await subject.caller.ends(id, 'cancelled');
    expect(operation).toMatchObject({ status: 'cancelled', steps: [{ status: 'undone' }] });
    await isWhole(spec);
  });

  it('is taken back to a standstill when it was stopped before', async () => {
    await subject.has('stop', { force: true });
    const { spec } = await subject.read();
    await subject.has('scale', IMPOSSIBLE);
    await subject.has('start', {}, 'rolled_back');
    expect(await subject.read()).toMatchObject({ state: 'stopped', power: 'stopped' });
    expect(await podsOf(system.kubernetes, { namespace, runtimeId: subject.id })).toEqual([]);
    await subject.has('scale', scaleBack(spec));
    await subject.has('start');
    expect(await subject.read()).toMatchObject({ state: 'running', power: 'running' });
  });

  async function isWhole(spec: object) {
    expect(await subject.read()).toMatchObject({ state: 'running', power: 'running', spec });
    expect(await declarations()).toEqual(whole);
    expect(await podsOf(system.kubernetes, { namespace, runtimeId: subject.id })).not.toEqual([]);
  }
});

/** A size of its own would bring other resources along; an agent's are named. */
function scaleBack({ agent }: RuntimeSpec): object {
  const memory = agent?.resources.memory;
  return memory ? { resources: { memory } } : { size: 'medium' };
}

describe.each([
  { type: 'sandbox', spec: { sandbox: { image: 'runtimeai.dev/sample-agent:1.0.0-never-ready' } } },
  { type: 'vcluster', spec: { ...IMPOSSIBLE } },
  { type: 'vm', spec: { vm: { image: 'registry.example.com/disks/tried:1.0-never-boots' } } },
] as const)('the creation of a $type that never comes up', ({ type, spec }) => {
  it('leaves nothing, and its name is free when it is deleted', async () => {
    const kind = KINDS.find(each => each.type === type);
    if (!kind) throw new Error(`there is no kind ${type}`);
    const project = `never-${type}`;
    const { developer } = system.open.people;
    const wanted = { name: 'subject', type, project };
    const subject = await Subject.made(developer, { ...wanted, spec }, 'failed');

    const [operation] = await subject.operations();
    expect(operation).toMatchObject({ kind: 'create', steps: [{ verb: 'create', status: 'undone' }] });
    expect(await subject.read()).toMatchObject({ state: 'error' });
    const namespace = placeOf(kind, { tenantId: system.open.id, project });
    expect(await tracesIn(system.kubernetes, namespace)).toEqual([]);
    expect(refusal(await subject.ask('start'))).toEqual([409, 'wrong_state']);

    await subject.isDeleted();
    const again = await Subject.made(developer, wanted);
    expect(await again.read()).toMatchObject({ state: 'running' });
    await again.isDeleted();
  });
});
