import { type Kysely, sql } from 'kysely';

/**
 * What processes keep in memory is announced whenever it changes, whoever changes it: keys, the health and phase of
 * runtimes, the observer's beats. PostgreSQL announces at the commit, so nobody hears of what was rolled back.
 */
export const announcements = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `create function announce_key() returns trigger language plpgsql as $$
    begin
      perform pg_notify('runtimeai_keys', old.key_id);
      return null;
    end $$`,
  `create trigger announce_key after update or delete on api_keys
    for each row execute function announce_key()`,

  `create function announce_health() returns trigger language plpgsql as $$
    begin
      perform pg_notify('runtimeai_health', json_build_object(
        'tenant', new.tenant_id, 'runtime', new.runtime_id)::text);
      return null;
    end $$`,
  `create trigger announce_health after insert or update on runtime_health
    for each row execute function announce_health()`,

  `create function announce_runtime() returns trigger language plpgsql as $$
    begin
      perform pg_notify('runtimeai_health', json_build_object('tenant', new.tenant_id, 'runtime', new.id)::text);
      return null;
    end $$`,
  `create trigger announce_runtime after update on runtimes for each row
    when ((old.phase, old.power, old.observer_detached) is distinct from (new.phase, new.power, new.observer_detached))
    execute function announce_runtime()`,

  // The age by the database's own clock: who hears it needs no clock that agrees.
  `create function announce_beat() returns trigger language plpgsql as $$
    begin
      perform pg_notify('runtimeai_beats', json_build_object('observedAt', new.observed_at,
        'ageSeconds', extract(epoch from clock_timestamp() - new.observed_at)::float8)::text);
      return null;
    end $$`,
  `create trigger announce_beat after insert or update on observer_heartbeats
    for each row execute function announce_beat()`,
];
