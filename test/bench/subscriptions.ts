import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '../../db/database.ts';
import { appendEvent, keptEvents, type NewEvent } from '../../db/events.ts';
import { startChild } from './child.ts';
import type { FollowResult } from './subscribers/process.ts';
import type { World } from './world.ts';

export interface Subscriptions extends FollowResult {
  readonly subscribers: number;
  readonly written: number;
  readonly writers: number;
  readonly seconds: number;
}

const SUBSCRIBERS = 1000;
const RUNTIMES = 20;
const WRITERS = 4;
const EVENTS_PER_SECOND = 60;
const CUTS_PER_SECOND = 100;
const EVENT: NewEvent = { type: 'bench.tick', severity: 'info', actor: 'system', message: 'tick' };

/** Follows events of twenty runtimes a thousand times over lines that break, while four writers write. */
export async function measureSubscriptions(
  world: World,
  {
    runtimeIds,
    seconds,
    say,
  }: { runtimeIds: readonly string[]; seconds: number; say: (line: string) => void },
): Promise<Subscriptions> {
  const ids = runtimeIds.slice(0, RUNTIMES);
  const child = startChild('./subscribers/process.js');
  const writers = await Promise.all(
    Array.from({ length: WRITERS }, () => openDatabase(world.appUrl, { maxConnections: 2 })),
  );
  try {
    const subscribers = await child.ask<number>({
      urls: ids.map(id => `${world.apiUrl}/v1/runtimes/${id}/events`),
      key: world.key,
      ofEach: Math.ceil(SUBSCRIBERS / ids.length),
      cutPerSecond: CUTS_PER_SECOND,
    });
    const until = performance.now() + seconds * 1000;
    const counts = await Promise.all(writers.map(db => write(db, { world, ids, until })));
    const lasts = await Promise.all(ids.map(id => lastOf(writers[0], { world, id })));
    const result = await child.ask<FollowResult>({ lasts, withinSeconds: 30 });
    const written = counts.reduce((sum, count) => sum + count, 0);
    say(
      `${subscribers} subscribers, ${result.reconnects} cuts, ${result.gaps} gaps, ${result.complete} complete`,
    );
    return { ...result, subscribers, written, writers: WRITERS, seconds };
  } finally {
    await child.stop();
    await Promise.all(writers.map(db => db.close()));
  }
}

async function write(
  db: Database,
  { world, ids, until }: { world: World; ids: readonly string[]; until: number },
): Promise<number> {
  let written = 0;
  for (; performance.now() < until; written += 1) {
    const runtimeId = ids[Math.floor(Math.random() * ids.length)] ?? '';
    await appendEvent(db.forTenant(world.tenantId), { ...EVENT, runtimeId });
    await delay((1000 * WRITERS) / EVENTS_PER_SECOND);
  }
  return written;
}

async function lastOf(
  db: Database | undefined,
  { world, id }: { world: World; id: string },
): Promise<number> {
  const kept = db && (await keptEvents(db.forTenant(world.tenantId), id));
  if (!kept) throw new Error(`${id} has no events although some were written.`);
  return kept.newest;
}
