import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { Subject } from './lifecycle.ts';
import { type System, startSystem } from './system.ts';
import { IMPOSSIBLE, roomForAnything } from './taken-back.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

let system: System;

beforeAll(async () => {
  system = await startSystem({ more: roomForAnything({ stepTimeoutSeconds: 5 }) });
});

afterAll(() => system?.stop());

describe.each(['agent_runtime', 'sandbox', 'vcluster', 'vm'] as const)('of one %s', type => {
  let subject: Subject;
  const another = type === 'agent_runtime' ? { resources: { replicas: 3 } } : { size: 'small' };
  const scaled = type === 'agent_runtime' ? { agent: { replicas: 3 } } : { size: 'small' };

  beforeAll(async () => {
    const name = `listed-${type.replace('_', '-')}`;
    subject = await Subject.made(system.open.people.developer, { name, type });
  });

  afterAll(() => subject?.isDeleted());

  it('a list of actions is carried out in order, as one operation', async () => {
    const before = (await subject.operations()).length;
    const operation = await subject.hasActions([
      { type: 'scale', params: another },
      { type: 'stop', params: { force: true } },
      { type: 'start' },
    ]);
    expect(operation).toMatchObject({ kind: 'actions', status: 'succeeded' });
    const { steps } = operation;
    expect(steps.map(({ verb, status, action }) => [verb, status, action?.type])).toEqual(
      ['scale', 'stop', 'start'].map(verb => [verb, 'succeeded', verb]),
    );
    const times = steps.flatMap(({ started_at, finished_at }) => [started_at ?? '', finished_at ?? '']);
    expect(times).toEqual([...times].sort());
    expect(await subject.operations()).toHaveLength(before + 1);
    expect(await subject.read()).toMatchObject({ state: 'running', spec: scaled });
  });

  it('a list stops at the first action that fails: that one is taken back, the rest is skipped', async () => {
    const { spec } = await subject.read();
    const operation = await subject.hasActions(
      [{ type: 'restart' }, { type: 'scale', params: IMPOSSIBLE }, { type: 'stop' }],
      'rolled_back',
    );
    expect(operation.steps.map(({ verb, status }) => [verb, status])).toEqual([
      ['restart', 'succeeded'],
      ['scale', 'undone'],
      ['stop', 'skipped'],
    ]);
    expect(operation.steps[2]).toMatchObject({ started_at: null, message: expect.any(String) });
    expect(await subject.read()).toMatchObject({ state: 'running', power: 'running', spec });
  });

  it('a list with something impossible in it is refused as a whole, by its number', async () => {
    const { version } = await subject.read();
    const answer = await subject.askActions([
      { type: 'scale', params: another },
      { type: 'stop' },
      { type: 'restart' },
    ]);
    expect(refusal(answer)).toEqual([409, 'wrong_state']);
    expect(answer.body.detail).toContain('Action 3');
    expect((await subject.read()).version).toBe(version);
  });

  it('an action with a strange parameter is pointed at', async () => {
    const answer = await subject.askActions([
      { type: 'restart' },
      { type: 'stop', params: { gently: true } },
    ]);
    expect([400, 422]).toContain(answer.status);
    expect(answer.body).toMatchObject({
      errors: [{ pointer: expect.stringContaining('/actions/1/params') }],
    });
  });

  it('a goal nobody understands begins an operation that fails, and says what was not understood', async () => {
    const { version } = await subject.read();
    const intent = await subject.hasIntent({ goal: 'frobnicate it' }, 'failed');
    expect(intent).toMatchObject({
      status: 'failed',
      plan: { actions: [], cannot: [{ code: 'goal_not_understood' }] },
      result: { executed_actions: [], undone: false },
    });
    expect(intent.result?.summary).toContain('frobnicate');
    expect(await subject.read()).toMatchObject({ state: 'running', version });
  });

  it('a goal that is met already succeeds and changes nothing', async () => {
    const { version } = await subject.read();
    const intent = await subject.hasIntent({ goal: 'start' });
    expect(intent).toMatchObject({ status: 'succeeded', plan: { actions: [] } });
    expect((await subject.read()).version).toBe(version);
  });

  it('an observer that is detached says nothing until it is attached again', async () => {
    const health = async () => (await subject.caller.health(subject.id)).health;
    await subject.hasActions([{ type: 'detach_observer' }]);
    await eventually({ what: 'the health is unknown', read: health, until: word => word === 'unknown' });
    const { length } = await healthEvents(subject);
    await subject.has('stop', { force: true });
    await subject.has('start');
    expect(await health()).toBe('unknown');
    expect(await healthEvents(subject)).toHaveLength(length);

    await subject.hasActions([{ type: 'attach_observer' }]);
    await eventually({ what: 'the health is known', read: health, until: word => word === 'ok' });
  });
});

async function healthEvents(subject: Subject): Promise<readonly string[]> {
  const events = await subject.caller.events(subject.id);
  return events.map(({ type }) => type).filter(type => type.startsWith('health.'));
}

it('a goal for what is deleted is refused', async () => {
  const caller = system.open.people.developer;
  const subject = await Subject.made(caller, { name: 'gone', type: 'sandbox' });
  await subject.isDeleted();
  const answer = await caller.post(`/runtimes/${subject.id}/intent`, { goal: 'start' });
  expect(refusal(answer)).toEqual([409, 'runtime_deleted']);
});
