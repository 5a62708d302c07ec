import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../domain/event.ts';
import type { ServiceName } from '../../lab/services.ts';
import { must } from './caller.ts';
import { eventually } from './eventually.ts';
import { type GatedSystem, startGatedSystem } from './gated-system.ts';
import { runningWorkflows } from './histories.ts';
import { isTimed, MOMENTS, type Moment, STORIES, soakSecondsOf } from './moments.ts';
import { isReady, kill, PROCESSES } from './processes.ts';
import { readySince } from './rollouts.ts';
import { type Staged, Stages } from './staged-deploys.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let system: GatedSystem;
let stages: Stages;
const recoveries: { killed: ServiceName; in: Moment; seconds: number }[] = [];

beforeAll(async () => {
  system = await startGatedSystem();
  stages = new Stages(system);
  await stages.install();
});

afterAll(async () => {
  await system?.stop();
  printRecoveries();
});

describe.each(PROCESSES.map((name, index) => ({ name, round: index + 1 })))(
  'kill -9 of $name',
  ({ name, round }) => {
    const moments = MOMENTS.filter(moment => name === 'cluster' || moment !== 'applying, Helm killed too');
    const staged = new Map<Moment, Staged>();
    let killedAt: number;

    beforeAll(async () => {
      for (const each of await stages.stage(moments, round)) staged.set(each.moment, each);
      killedAt = Date.now();
      const pid = kill(system, name);
      const helm = staged.get('applying, Helm killed too')?.helm;
      if (helm !== undefined) process.kill(-helm, 'SIGKILL');
      await Promise.all([...staged.values()].map(each => each.letGo()));
      await isReady(system, name, pid);
    });

    it.each(moments)('in %s: the deploy ends as if nothing had happened', async moment => {
      const deploy = stagedAt(moment);
      const { outcome, events: wanted, next } = STORIES[moment];
      await deploy.caller.ends(deploy.operation.id, outcome);

      const events = await deploy.caller.events(deploy.runtime.id);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      const own = events.filter(({ operation_id }) => operation_id === deploy.operation.id);
      expect(own.map(({ type }) => type.split('.')[1])).toEqual(wanted);
      const health = events.map(({ type }) => type).filter(type => type.startsWith('health.'));
      expect(health.filter((type, index) => type === health[index - 1])).toEqual([]);

      expect(await system.releases.revisions(deploy.key)).toEqual(revisionsAfter(deploy));
      const seconds = (timeOf(own, next) - (await dueAt(deploy, killedAt))) / 1000;
      recoveries.push({ killed: name, in: moment, seconds });
    });

    function stagedAt(moment: Moment): Staged {
      const found = staged.get(moment);
      if (!found) throw new Error(`no deploy was brought to ${moment}`);
      return found;
    }
  },
);

describe('kill -9 of api', () => {
  it('under a command that Temporal has taken: sent again with its key, it is the same operation', async () => {
    const { developer } = system.open.people;
    const wish = { version: '1.0.0', headers: { 'idempotency-key': 'under-way' } };
    const control = system.services.pid('control') ?? 0;
    process.kill(control, 'SIGSTOP');
    const cutOff = developer.create('under-way', wish).catch((error: unknown) => error);
    await eventually({
      what: 'Temporal has the command',
      read: () => runningWorkflows(system),
      until: count => count === 1,
    });
    const pid = kill(system, 'api');
    process.kill(control, 'SIGCONT');
    expect(await cutOff).toBeInstanceOf(Error);
    await isReady(system, 'api', pid);

    const answer = await developer.create('under-way', wish);
    const runtime = must(201, answer);
    await developer.ends(runtime.operation_id ?? '', 'succeeded');
    const path = `/operations?runtime_id=${runtime.id}`;
    expect(must(200, await developer.get<{ items: object[] }>(path)).items).toHaveLength(1);
    const key = { namespace: system.open.namespaceOf(), release: 'under-way' };
    expect(await system.releases.revisions(key)).toEqual(['1 deployed']);
  });
});

/** One new revision, and one more for each that had to be given up: by the way back, or because its Helm is dead. */
function revisionsAfter({ moment, before }: Staged): string[] {
  const old = before.map(revision => revision.replace(/ deployed$/, ' superseded'));
  const next = before.length + 1;
  if (STORIES[moment].outcome === 'rolled_back')
    return [...old, `${next} superseded`, `${next + 1} deployed`];
  if (moment === 'applying, Helm killed too') return [...old, `${next} failed`, `${next + 1} deployed`];
  return [...old, `${next} deployed`];
}

/** From when on the deploy could have gone on if nothing had been killed. */
async function dueAt({ moment, key, runtime }: Staged, killedAt: number): Promise<number> {
  if (!isTimed(moment)) return killedAt;
  const ready = await readySince(system, { ...key, runtimeId: runtime.id });
  return Math.max(killedAt, ready + soakSecondsOf(moment) * 1000);
}

function timeOf(events: readonly Event[], stage: string): number {
  const found = events.find(({ type }) => type === `deploy.${stage}`);
  return Date.parse(found?.ts ?? '');
}

function printRecoveries(): void {
  const sorted = recoveries.map(({ seconds }) => seconds).sort((a, b) => a - b);
  console.log(
    'recovery after kill -9, from the kill (or from when the deploy could have gone on) to its next step',
  );
  console.table(recoveries.map(row => ({ ...row, seconds: Number(row.seconds.toFixed(1)) })));
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]?.toFixed(1);
  console.log(`${sorted.length} cases: p50 ${at(0.5)} s, p99 ${at(0.99)} s`);
}
