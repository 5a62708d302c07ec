import { type Kysely, sql } from 'kysely';

/** What a rollback brings back when the last verified revision was made by a change, e.g. a scale, and not by a deploy. */
export const verifiedState = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw('alter table runtimes add column verified_state jsonb').execute(db);
  },
};
