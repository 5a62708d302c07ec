import { type Kysely, sql } from 'kysely';

/**
 * The audit: records by month that nobody may change, the tree they are sealed into, and its signed checkpoints.
 * `system` is the tenant of what belongs to no tenant.
 */
export const audit = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const HERE = `nullif(current_setting('app.tenant', true), '')`;
const TENANT = `tenant_id text collate "C" not null default ${HERE}`;
const ID = `text collate "C"`;
const FIXED_PATH = 'set search_path = pg_catalog, public, pg_temp';

/** What is asked for by, beside the record: row-level security lets no index over an expression of the record be used. */
const ASKED_BY = ['action', 'outcome', 'actor_id', 'object_kind'];
const PERHAPS_ASKED_BY = ['object_id', 'operation_id', 'project'];

const RECORDS = [
  `create table audit_records (
    ${TENANT},
    id ${ID} not null,
    at timestamptz not null,
    xid xid8 not null default pg_current_xact_id(),
    -- The canonical text itself, which the leaf is over; making jsonb of it would cost more than writing it.
    record json not null,
    leaf bytea not null check (length(leaf) = 32),
    ${ASKED_BY.map(name => `${name} ${ID} not null,`).join('\n    ')}
    ${PERHAPS_ASKED_BY.map(name => `${name} ${ID},`).join('\n    ')}
    primary key (tenant_id, at, id)
  ) partition by range (at)`,
  'create table audit_records_default partition of audit_records default',
  // In the order in which transactions began, which the sealer follows.
  'create index audit_records_to_seal on audit_records (tenant_id, xid, id)',
  // One for what is rare; by all else the records are read from the newest on (0.2 µs each), rather than that every write
  // keeps an index more.
  'create index audit_records_of_object on audit_records (tenant_id, object_id, at) where object_id is not null',
];

const TREE = [
  `create table audit_leaves (
    ${TENANT},
    sequence bigint not null check (sequence >= 0),
    record_id ${ID} not null,
    at timestamptz not null,
    xid xid8 not null,
    leaf bytea not null check (length(leaf) = 32),
    primary key (tenant_id, sequence),
    unique (tenant_id, record_id)
  )`,
  'create index audit_leaves_by_time on audit_leaves (tenant_id, at)',
  // The tree above the leaves: each subtree of 2^level leaves that is full, so that a proof reads O(log n) rows.
  `create table audit_nodes (
    ${TENANT},
    level smallint not null check (level > 0),
    position bigint not null check (position >= 0),
    hash bytea not null check (length(hash) = 32),
    primary key (tenant_id, level, position)
  )`,
  `create table audit_checkpoints (
    ${TENANT},
    size bigint not null check (size > 0),
    root bytea not null check (length(root) = 32),
    note text not null,
    signed_at timestamptz not null,
    primary key (tenant_id, size)
  )`,
  // Whose audits there are: the sealer works for all tenants and may see the rows of one at a time.
  `create table audit_streams (stream ${ID} primary key)`,
  'grant select on audit_streams to runtimeai_app',
  'alter table tenants no force row level security',
  'insert into audit_streams (stream) select tenant_id from tenants',
  'alter table tenants force row level security',
  `create function begin_audit_stream() returns trigger language plpgsql security definer ${FIXED_PATH} as $$
    begin
      insert into audit_streams (stream) values (new.tenant_id) on conflict do nothing;
      return null;
    end $$`,
  'create trigger begin_audit_stream after insert on tenants for each row execute function begin_audit_stream()',
  `select set_config('app.tenant', 'system', true)`,
  `insert into tenants (tenant_id, name) values ('system', 'Whatever belongs to no tenant')`,
  `select set_config('app.tenant', '', true)`,
  `alter table principals add constraint nobody_is_of_system check (tenant_id <> 'system')`,
];

const KEPT = ['audit_records', 'audit_leaves', 'audit_nodes', 'audit_checkpoints'];

const UNCHANGING = [
  `create function refuse_audit_change() returns trigger language plpgsql ${FIXED_PATH} as $$
    begin
      raise exception 'The audit (%) is only ever added to; % is refused. What is older than its retention goes with npm run admin -- audit retention.',
        tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
    end $$`,
  ...KEPT.map(
    table => `create trigger unchanging before update or delete on ${table}
      for each row execute function refuse_audit_change()`,
  ),
  ...KEPT.flatMap(closed),
  ...KEPT.map(table => `grant select, insert on ${table} to runtimeai_app`),
  ...closed('audit_records_default'),
];

const PARTITIONS = [
  // The months to come, so that a record never waits for its partition. A month of which records lie in the default
  // partition already keeps them there.
  `create function make_audit_partitions(months integer) returns integer
    language plpgsql security definer ${FIXED_PATH} as $$
    declare
      month timestamptz;
      made integer := 0;
      name text;
    begin
      for ahead in 0 .. least(greatest(months, 0), 24) loop
        month := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead)) at time zone 'UTC';
        name := 'audit_records_' || to_char(month at time zone 'UTC', 'YYYY_MM');
        continue when to_regclass('public.' || name) is not null;
        begin
          execute format('create table public.%I partition of public.audit_records for values from (%L) to (%L)', name,
            month, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
        exception
          when check_violation or duplicate_table then continue;
        end;
        execute format('alter table public.%I enable row level security', name);
        execute format('alter table public.%I force row level security', name);
        execute format($policy$create policy of_tenant on public.%I
          using (tenant_id = ${HERE}) with check (tenant_id = ${HERE})$policy$, name);
        execute format('create trigger never_emptied before truncate on public.%I for each statement
          execute function public.refuse_audit_change()', name);
        made := made + 1;
      end loop;
      return made;
    end $$`,
  'revoke all on function make_audit_partitions(integer) from public',
  'grant execute on function make_audit_partitions(integer) to runtimeai_app',
  'select make_audit_partitions(3)',
];

/** Row-level security and a guard against emptying, for one table. */
function closed(table: string): readonly string[] {
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy of_tenant on ${table} using (tenant_id = ${HERE}) with check (tenant_id = ${HERE})`,
    `create trigger never_emptied before truncate on ${table} for each statement execute function refuse_audit_change()`,
  ];
}

const STATEMENTS = [...RECORDS, ...TREE, ...UNCHANGING, ...PARTITIONS];
