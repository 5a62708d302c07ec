import { type Kysely, sql } from 'kysely';

/** Idempotency keys that are no longer remembered go away, and are found without reading those that are. */
export const forgottenKeys = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  'create index idempotency_keys_by_age on idempotency_keys (tenant_id, created_at)',
  'grant delete on idempotency_keys to runtimeai_app',
];
