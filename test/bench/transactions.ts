import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { World } from './world.ts';

/** A reading of PostgreSQL's count of committed transactions. */
export interface Transactions {
  readonly commits: number;
  readonly atMs: number;
}

/** A backend that has become idle reports what it counted within ten seconds (PGSTAT_IDLE_INTERVAL). */
const REPORTED_AFTER_MS = 11_000;

/** Reads `pg_stat_database` when all backends have reported. */
export async function readTransactions({ ownerUrl }: World): Promise<Transactions> {
  await delay(REPORTED_AFTER_MS);
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ commits: string }>(
      'select xact_commit as commits from pg_stat_database where datname = current_database()',
    );
    return { commits: Number(rows[0]?.commits), atMs: performance.now() };
  } finally {
    await client.end();
  }
}

/** Transactions between two readings that idling alone does not explain. */
export function beyondIdle(before: Transactions, after: Transactions, idlePerMs: number): number {
  return after.commits - before.commits - idlePerMs * (after.atMs - before.atMs);
}
