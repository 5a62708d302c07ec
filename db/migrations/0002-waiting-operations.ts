import { type Kysely, sql } from 'kysely';

/**
 * What waits for a person, of all tenants together: counts and ages only, for the metrics. The function runs as the
 * owner of the tables, whom a policy of its own lets see those rows; the application role still sees no other tenant's.
 */
export const waitingOperations = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const WAITING = `outcome is null and stage in ('awaiting_approval', 'needs_attention')`;

const STATEMENTS = [
  'alter table operations add column stage_since timestamptz not null default now()',
  `create index operations_waiting on operations (stage, stage_since) where ${WAITING}`,
  `create policy waiting_for_metrics on operations for select to current_user using (${WAITING})`,
  `create function waiting_operations()
    returns table (stage text, waiting integer, oldest_seconds double precision)
    language sql stable security definer set search_path = public, pg_temp
    as $$
      select o.stage, count(*)::int, extract(epoch from now() - min(o.stage_since))::double precision
      from operations o where ${WAITING} group by o.stage
    $$`,
  'revoke all on function waiting_operations() from public',
  'grant execute on function waiting_operations() to runtimeai_app',
];
