import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TcpProxy } from '../fakes/tcp-proxy.ts';
import { must, refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { type OwnPostgres, ownPostgres, type StoppablePart, temporalOf } from './parts-that-stop.ts';
import { isReady, kill, logOf, PROCESSES } from './processes.ts';
import { rolledOut } from './rollouts.ts';
import { type System, startSystem } from './system.ts';
import { proxiedWay, type Way } from './ways-to-the-cluster.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

const MAX_AGE_SECONDS = 6;
const SLOWLY = { version: '1.1.0-slow-start-5s', agent: { replicas: 1 } };

let postgres: OwnPostgres;
let way: Way<TcpProxy>;
let system: System;

beforeAll(async () => {
  [postgres, way] = await Promise.all([ownPostgres(), proxiedWay()]);
  system = await startSystem({
    kubeconfig: way.kubeconfig,
    database: postgres.urls,
    more: { RUNTIMEAI_FACTS_MAX_AGE_SECONDS: String(MAX_AGE_SECONDS) },
  });
});

afterAll(async () => {
  await system?.stop();
  await way?.close();
  await postgres?.remove();
});

const developer = () => system.open.people.developer;
const running = (name: string) => developer().running(name, { version: '1.0.0', agent: { replicas: 1 } });
const keyOf = (release: string) => ({ namespace: system.open.namespaceOf(), release });

describe('Temporal is away', () => {
  let temporal: StoppablePart;

  beforeAll(() => {
    temporal = temporalOf(system.context);
  });

  it('reads are answered, commands are told when to come again, and a running deploy goes on afterwards', async () => {
    const { id } = await running('without-temporal');
    const { id: operationId, deployment_id } = await developer().begin(id, SLOWLY);
    await developer().reaches(operationId, 'verifying');
    await temporal.stop();

    expect((await developer().operation(operationId)).stage).toBe('verifying');
    expect((await developer().deployment(deployment_id)).plan?.changes).not.toEqual([]);
    expect((await developer().events(id)).length).toBeGreaterThan(3);
    const wish = { version: '1.0.0', agent: { replicas: 1 }, headers: { 'idempotency-key': 'later' } };
    const commands = await Promise.all([developer().create('later', wish), developer().cancel(operationId)]);
    for (const answer of commands) {
      expect(refusal(answer)).toEqual([503, 'temporal_unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }

    await temporal.startAgain();
    await developer().ends(operationId, 'succeeded');
    expect(await system.releases.revisions(keyOf('without-temporal'))).toEqual([
      '1 superseded',
      '2 deployed',
    ]);
    const again = await eventually({
      what: 'the same command is taken',
      read: () => developer().create('later', wish),
      until: ({ status }) => status === 201,
    });
    await developer().ends(again.body.operation_id ?? '', 'succeeded');
    expect(await system.releases.revisions(keyOf('later'))).toEqual(['1 deployed']);
  });
});

describe('PostgreSQL is away', () => {
  it('in the middle of a deploy: the deploy ends once it is back, with no event missing', async () => {
    const { id } = await running('without-postgres');
    const { id: operationId } = await developer().begin(id, SLOWLY);
    await developer().reaches(operationId, 'verifying');
    await postgres.stop();
    const answer = await developer().get(`/operations/${operationId}`);
    expect(refusal(answer)).toEqual([503, 'database_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await rolledOut(system, keyOf('without-postgres'));

    await postgres.startAgain();
    await developer().ends(operationId, 'succeeded');
    const events = await developer().events(id);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const own = events.filter(event => event.operation_id === operationId).map(({ type }) => type);
    expect(own).toEqual(['deploy.preparing', 'deploy.applying', 'deploy.verifying', 'deploy.succeeded']);
  });

  it('when processes start: they say so and wait for it', async () => {
    await postgres.stop();
    for (const name of PROCESSES) kill(system, name);
    for (const name of PROCESSES)
      await eventually({
        what: `${name} says that PostgreSQL is away`,
        read: () => logOf(system, name),
        until: log => /PostgreSQL at 127\.0\.0\.1:\d+\/runtimeai does not answer yet; trying again/.test(log),
      });
    const waiting = PROCESSES.map(name => system.services.pid(name));
    await postgres.startAgain();
    for (const name of PROCESSES) await isReady(system, name);
    await running('after-the-outage');
    expect(PROCESSES.map(name => system.services.pid(name))).toEqual(waiting);
  });
});

describe('the API server is away', () => {
  it('for a part of a verification: the verification waits and goes on', async () => {
    const { id } = await running('cut-shortly');
    const { id: operationId } = await developer().begin(id, SLOWLY);
    await developer().reaches(operationId, 'verifying');
    way.control.cut();
    await healthIs(id, 'unknown', MAX_AGE_SECONDS + 10);
    expect((await developer().operation(operationId)).stage).toBe('verifying');
    way.control.mend();
    await developer().ends(operationId, 'succeeded');
    expect(await system.releases.revisions(keyOf('cut-shortly'))).toEqual(['1 superseded', '2 deployed']);
  });

  it('until a verification runs out of time: nothing is put back on a guess, a person decides', async () => {
    const { id } = await running('cut-long');
    const request = { verification: { timeout_seconds: 10, soak_seconds: 0 } };
    const { id: operationId } = await developer().begin(id, { ...SLOWLY, request });
    await developer().reaches(operationId, 'verifying');
    way.control.cut();
    const waiting = await developer().reaches(operationId, 'needs_attention');
    expect(waiting.progress?.message).toMatch(/what was observed is \d+ s old/);
    way.control.mend();
    expect(await system.releases.revisions(keyOf('cut-long'))).toEqual(['1 superseded', '2 deployed']);
    must(202, await system.open.people.operator.resolve(operationId, 'retry'));
    await developer().ends(operationId, 'succeeded');
    const outcomes = (await developer().events(id)).map(({ type }) => type);
    expect(outcomes).not.toContain('deploy.rolling_back');
  });

  it('without a word: health becomes unknown in time, and right again soon after the line is mended', async () => {
    const { id } = await running('stalled');
    await healthIs(id, 'ok', 15);
    way.control.stall();
    await healthIs(id, 'unknown', MAX_AGE_SECONDS + 10);
    way.control.mend();
    await healthIs(id, 'ok', 30);
  });

  async function healthIs(id: string, wanted: 'ok' | 'unknown', seconds: number): Promise<void> {
    const read = () => developer().health(id);
    await eventually({
      what: `health is ${wanted}`,
      read,
      until: ({ health }) => health === wanted,
      seconds,
    });
  }
});
