import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Health, WorkloadFacts } from '../domain/health.ts';
import { insertRuntime } from '../test/builders/runtime-rows.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { openChanges } from './changes.ts';
import { type Database, openDatabase } from './database.ts';
import { appendEvent, listEvents, type NewEvent } from './events.ts';
import { saveHealth } from './health.ts';

const WRITERS = 4;
const EACH = 150;
const EVENT: NewEvent = { type: 'test.tick', severity: 'info', actor: 'system', message: 'tick' };

let two: TwoTenants;
let writers: readonly Database[];
beforeAll(async () => {
  two = await twoTenants();
  writers = await Promise.all(Array.from({ length: WRITERS }, () => openDatabase(two.database.appUrl)));
});
afterAll(async () => {
  await Promise.all(writers.map(writer => writer.close()));
  await two.close();
});

/** Writes as a worker does: single events, judgements, and transactions of which some end with nothing written. */
async function write(
  db: Database,
  { runtimeId, writer }: { runtimeId: string; writer: number },
): Promise<void> {
  for (let index = 0; index < EACH; index += 1) {
    const event = { ...EVENT, runtimeId, data: { writer, index } };
    await appendEvent(db.forTenant('acme'), event);
    if (index % 5 === writer) await rolledBack(db, event);
    if (index % 7 === writer) await saveHealth(db.forTenant('acme'), judgement(runtimeId, index));
  }
}

async function rolledBack(db: Database, event: NewEvent & { runtimeId: string }): Promise<void> {
  const work = db.inTenant('acme', async sql => {
    await appendEvent(sql, { ...event, data: { writer: -1 } });
    throw new Error('on purpose');
  });
  await expect(work).rejects.toThrow('on purpose');
}

function judgement(runtimeId: string, index: number) {
  const status: Health['status'] = index % 2 === 0 ? 'healthy' : 'degraded';
  const facts = { observedAt: new Date().toISOString() } as WorkloadFacts;
  return { runtimeId, health: { status, readyPods: 1, totalPods: 2, reason: status }, facts };
}

/** Reads on from the last number seen, as a subscriber does, until the writers are done and nothing more comes. */
async function follow(runtimeId: string, done: () => boolean) {
  const seen: Awaited<ReturnType<typeof listEvents>> = [];
  for (;;) {
    const last = done();
    const afterSequence = seen.at(-1)?.sequence ?? 0;
    const page = await listEvents(two.db.forTenant('acme'), { runtimeId, afterSequence, limit: 100 });
    seen.push(...page);
    if (last && page.length === 0) return seen;
  }
}

test('four writers at once leave no gap, and a reader who goes on from the last number misses nothing', async () => {
  const runtimeId = await insertRuntime(two.db, { tenantId: 'acme', name: 'busy' });
  let done = false;
  const readers = [1, 2].map(() => follow(runtimeId, () => done));
  await Promise.all(writers.map((db, writer) => write(db, { runtimeId, writer })));
  done = true;
  for (const seen of await Promise.all(readers)) {
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => index + 1));
    expect(seen.filter(({ data }) => data['writer'] === -1)).toEqual([]);
    for (let writer = 0; writer < WRITERS; writer += 1) {
      const own = seen.filter(({ data }) => data['writer'] === writer).map(({ data }) => data['index']);
      expect(own).toEqual(Array.from({ length: EACH }, (_, index) => index));
    }
  }
});

test('writers of many runtimes keep each one’s numbers apart and without a gap', async () => {
  const names = ['one', 'two', 'three'];
  const ids = await Promise.all(
    names.map(name => insertRuntime(two.db, { tenantId: 'acme', name: `of-${name}` })),
  );
  const rounds = writers.flatMap(db => ids.map(id => ({ db, id })));
  await Promise.all(
    rounds.map(async ({ db, id }) => {
      for (let index = 0; index < 40; index += 1)
        await appendEvent(db.forTenant('acme'), { ...EVENT, runtimeId: id });
    }),
  );
  for (const runtimeId of ids) {
    const events = await listEvents(two.db.forTenant('acme'), { runtimeId, limit: 500 });
    expect(events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 160 }, (_, index) => index + 1),
    );
  }
});

test('every event of four writers is announced', async () => {
  const runtimeId = await insertRuntime(two.db, { tenantId: 'acme', name: 'announced' });
  const changes = openChanges(two.database.appUrl);
  try {
    await expect.poll(() => changes.hearsNow()).toBe(true);
    const heard: (string | null)[] = [];
    changes.announced.on('event', ({ runtime }) => heard.push(runtime));
    await Promise.all(
      writers.map(async db => {
        for (let index = 0; index < 50; index += 1)
          await appendEvent(db.forTenant('acme'), { ...EVENT, runtimeId });
      }),
    );
    await expect.poll(() => heard.length).toBe(200);
  } finally {
    await changes.close();
  }
});
