import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { appendEvent } from '../../db/events.ts';
import { withClient } from '../postgres.ts';
import { EventReader } from './event-reader.ts';
import { type Recorded, recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let recorded: Recorded;
let key: string;
const readers: EventReader[] = [];

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  recorded = await recordDeploys(tenants.database, 'acme');
  key = tenants.keyOf('acme', 'viewer');
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const path = (query = '') => `/v1/runtimes/${recorded.runtimeId}/events${query}`;
const list = (query = '') => server.call({ path: path(query), key });
const happen = (message: string) =>
  appendEvent(tenants.database.forTenant('acme'), {
    runtimeId: recorded.runtimeId,
    type: 'test.happened',
    severity: 'info',
    actor: 'system',
    message,
  });

function watch(headers: Record<string, string> = {}, on: TestServer = server): EventReader {
  const reader = new EventReader(on.url + path(), { authorization: `Bearer ${key}`, ...headers });
  readers.push(reader);
  return reader;
}

const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, index) => from + index);

describe('polling', () => {
  test('gives the events in order, page by page, without a gap', async () => {
    for (let n = 0; n < 7; n++) await happen(`polled ${n}`);
    const all = (await list('?limit=500')).body.items.map((event: { sequence: number }) => event.sequence);
    expect(all).toEqual(upTo(all.length));
    const paged: number[] = [];
    for (let after = 0; ; ) {
      const { body } = await list(`?limit=3&after=${after}`);
      if (body.items.length === 0) break;
      paged.push(...body.items.map((event: { sequence: number }) => event.sequence));
      after = body.next_after;
    }
    expect(paged).toEqual(all);
  });

  test('can begin at a time', async () => {
    const since = new Date().toISOString();
    await happen('later');
    const { body } = await list(`?since=${since}`);
    expect(body.items.map((event: { message: string }) => event.message)).toEqual(['later']);
    expect((await list('?since=yesterday')).status).toBe(400);
    expect((await list('?after=2147483648')).status).toBe(400);
    expect((await list('?after=2147483647')).body.items).toEqual([]);
  });
});

describe('a stream', () => {
  test('brings what was and what comes, each event once', async () => {
    const reader = watch();
    await expect.poll(() => reader.sequences.length).toBeGreaterThan(0);
    const known = reader.sequences.length;
    for (let n = 0; n < 20; n++) await happen(`streamed ${n}`);
    await expect.poll(() => reader.sequences.length).toBe(known + 20);
    expect(reader.sequences).toEqual(upTo(known + 20));
    expect(reader.received.at(-1)).toMatchObject({
      id: String(known + 20),
      event: 'test.happened',
      data: { message: 'streamed 19' },
    });
  });

  test('goes on after Last-Event-ID', async () => {
    const last = (await happen('before the break')) ?? 0;
    await happen('during the break');
    const reader = watch({ 'last-event-id': String(last) });
    await expect.poll(() => reader.sequences).toEqual([last + 1]);
    await happen('after the break');
    await expect.poll(() => reader.sequences).toEqual([last + 1, last + 2]);
  });

  test('reaches many readers that begin at different places, without gaps or repeats', async () => {
    const last = (await happen('a place to begin')) ?? 0;
    const many = Array.from({ length: 30 }, (_, index) =>
      watch({ 'last-event-id': String(last - (index % 5)) }),
    );
    for (let n = 0; n < 10; n++) await happen(`for many ${n}`);
    for (const [index, reader] of many.entries()) {
      await expect.poll(() => reader.sequences).toEqual(upTo(last + 10, last - (index % 5) + 1));
    }
  });

  test('catches up over more than one page', async () => {
    await sql`select 1`.execute(tenants.database.forTenant('acme'));
    const first = (await happen('the first of many')) ?? 0;
    await Promise.all(Array.from({ length: 600 }, (_, n) => happen(`one of many ${n}`)));
    const reader = watch({ 'last-event-id': String(first) });
    await expect.poll(() => reader.sequences.length, { timeout: 10_000 }).toBe(600);
    expect(reader.sequences).toEqual(upTo(first + 600, first + 1));
  });

  test('of another tenant’s runtime is 404', async () => {
    const answer = await server.call({
      path: path(),
      key: tenants.keyOf('globex', 'viewer'),
      headers: { accept: 'text/event-stream' },
    });
    expect([answer.status, answer.body.code]).toEqual([404, 'runtime_not_found']);
  });

  test('ends when the API shuts down, at once, and so does a long poll', async () => {
    const second = await startServer(tenants);
    const reader = watch({}, second);
    await expect.poll(() => reader.sequences.length).toBeGreaterThan(0);
    // Waits for what never comes: an operation in a stage that no person can end.
    await tenants.database.inTenant('acme', db =>
      sql`update operations set stage = 'verifying' where id = ${recorded.operationId}`.execute(db),
    );
    const waiting = second.call({ path: `/v1/operations/${recorded.operationId}?wait=60`, key });
    await expect
      .poll(async () => (await second.call({ path: '/metrics' })).body)
      .toMatch(/runtimeai_event_streams 1/);
    const begun = performance.now();
    await second.close();
    await reader.ended;
    expect((await waiting).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  test('that is gone is forgotten', async () => {
    const reader = watch();
    await expect.poll(() => reader.sequences.length).toBeGreaterThan(0);
    reader.close();
    await expect
      .poll(async () => (await server.call({ path: '/metrics' })).body)
      .toMatch(/runtimeai_event_streams 0/);
  });
});

describe('events that are no longer kept', () => {
  test('are 410 for whoever needs them, also as a stream', async () => {
    const other = await recordDeploys(tenants.database, 'acme', { name: 'old-agent' });
    const db = tenants.database.forTenant('acme');
    for (let n = 0; n < 5; n++)
      await appendEvent(db, {
        runtimeId: other.runtimeId,
        type: 'test.old',
        severity: 'info',
        actor: 'system',
        message: String(n),
      });
    await withClient(tenants.superuserUrl, client =>
      client.query('delete from events where runtime_id = $1 and sequence <= 4', [other.runtimeId]),
    );
    const ask = (headers: Record<string, string>, query: string) =>
      server.call({ path: `/v1/runtimes/${other.runtimeId}/events${query}`, key, headers });
    expect((await ask({}, '?after=2')).body.code).toBe('events_gone');
    const stream = await ask({ accept: 'text/event-stream', 'last-event-id': '2' }, '');
    expect([stream.status, stream.body.code]).toEqual([410, 'events_gone']);
    expect((await ask({}, '?after=4')).status).toBe(200);
  });
});
