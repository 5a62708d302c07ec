import { sql } from 'kysely';
import type { Stage } from '../domain/operation.ts';
import type { GlobalSql } from './tables.ts';

/** How many operations wait for a person in one stage, and for how long the oldest has. */
export interface Waiting {
  readonly stage: Stage;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** What waits for a person, of all tenants together; a stage in which nothing waits is left out. */
export async function readWaiting(db: GlobalSql): Promise<Waiting[]> {
  const { rows } = await sql<Waiting>`
    select stage, waiting, oldest_seconds as "oldestSeconds" from waiting_operations()`.execute(db);
  return rows;
}
