import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../domain/event.ts';
import type { ServiceName } from '../../lab/services.ts';
import { CHANGE_MOMENTS, type ChangeMoment, eventsOf } from './change-moments.ts';
import { type GatedSystem, startGatedSystem } from './gated-system.ts';
import { isReady, kill } from './processes.ts';
import { readySince } from './rollouts.ts';
import { bringTo, type StagedChange } from './staged-changes.ts';
import { roomForAnything } from './taken-back.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let system: GatedSystem;
const recoveries: { killed: ServiceName; in: string; seconds: number }[] = [];

beforeAll(async () => {
  system = await startGatedSystem({ more: roomForAnything({ stepTimeoutSeconds: 15 }) });
});

afterAll(async () => {
  await system?.stop();
  console.log('recovery after kill -9, from the kill to the next entry of the operation');
  console.table(recoveries);
});

describe.each(['cluster', 'control', 'api'] as const)('kill -9 of %s', name => {
  const moments = CHANGE_MOMENTS.filter(({ killed }) => killed === name);
  const staged = new Map<ChangeMoment, StagedChange>();
  let killedAt: number;

  beforeAll(async () => {
    const bring = async (moment: ChangeMoment) => {
      const project = `${name}-${moments.indexOf(moment)}`;
      staged.set(moment, await bringTo(system, { moment, project }));
    };
    // Those that cannot be held come last, and everything waits for none of them.
    await Promise.all(moments.filter(({ held }) => held).map(bring));
    await Promise.all(moments.filter(({ held }) => !held).map(bring));
    killedAt = Date.now();
    const pid = kill(system, name);
    for (const { letGo } of staged.values()) letGo();
    await isReady(system, name, pid);
  });

  it.each(moments)('$what: it ends as if nothing had happened', async moment => {
    const { change, stage } = moment;
    const one = staged.get(moment);
    if (!one) throw new Error(`nothing was brought to ${moment.what}`);
    const { subject, key } = one;
    const operation = await subject.caller.ends(one.operationId, change.outcome);

    const steps = [{ verb: change.verb, status: change.outcome === 'rolled_back' ? 'undone' : 'succeeded' }];
    expect(operation).toMatchObject({ steps });
    const events = await subject.caller.events(subject.id);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const own = events.filter(({ operation_id }) => operation_id === one.operationId);
    expect(own.map(({ type }) => type)).toEqual(eventsOf(change));
    await one.hasOneEffect();

    const ready = moment.held ? 0 : await readySince(system, { ...key, runtimeId: subject.id });
    const seconds = (nextAfter(own, stage) - Math.max(killedAt, ready)) / 1000;
    recoveries.push({ killed: name, in: moment.what, seconds: Number(seconds.toFixed(1)) });
  });
});

function nextAfter(events: readonly Event[], stage: string): number {
  const index = events.findIndex(({ type }) => type.endsWith(`.${stage}`));
  return Date.parse(events[index + 1]?.ts ?? '');
}
