import { type Kysely, sql } from 'kysely';

/**
 * Runtimes of every kind, what can be done to them, and what comes of it: snapshots, intents, the kinds this cluster can
 * make. A deleted runtime keeps its row and its history, and gives its name free.
 */
export const everyKind = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const TENANT = `tenant_id text collate "C" not null default nullif(current_setting('app.tenant', true), '')`;
const ID = `text collate "C"`;
const NOW = 'timestamptz not null default now()';

const RUNTIMES = [
  `alter table runtimes
    add column type text not null default 'agent_runtime' check (type in ('vm', 'vcluster', 'sandbox', 'agent_runtime')),
    add column backend ${ID} not null default 'agent-runtime',
    add column pod_security text not null default 'restricted',
    add column power text not null default 'running' check (power in ('running', 'stopped')),
    add column version integer not null default 1,
    add column observer_detached jsonb,
    add column deleted_at timestamptz`,
  'alter table runtimes drop constraint runtimes_phase_check',
  `alter table runtimes add constraint runtimes_phase_check check (phase in ('installing', 'deployed', 'upgrading',
    'needs_attention', 'not_installed', 'install_failed', 'deleting', 'deleted'))`,
  'alter table runtimes drop constraint runtimes_tenant_id_project_name_key',
  `create unique index runtimes_by_name on runtimes (tenant_id, project, name) where phase <> 'deleted'`,
];

const OPERATIONS = [
  `alter table operations add column steps jsonb not null default '[]', add column request jsonb`,
  'alter table approvals alter column deployment_id drop not null',
  `alter table idempotency_keys alter column operation_id drop not null, alter column deployment_id drop not null,
    alter column runtime_id drop not null, add column ids jsonb`,
];

const POLICIES = [
  `alter table policies add column scope_env text check (scope_env in ('development', 'staging', 'production'))`,
  'grant insert, delete on policies to runtimeai_app',
];

const HEALTH = [
  `alter table runtime_health add column signals jsonb not null default '{}', add column phase text`,
];

const TABLES = [
  `create table snapshots (
    ${TENANT},
    id ${ID} not null,
    runtime_id ${ID} not null,
    name ${ID} not null,
    description text,
    status text not null check (status in ('creating', 'ready', 'failed', 'deleted')),
    ref jsonb,
    contents jsonb not null default '[]',
    operation_id ${ID} not null,
    created_at ${NOW},
    ready_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,
  `create unique index snapshots_by_name on snapshots (tenant_id, runtime_id, name) where status in ('creating', 'ready')`,

  `create table intents (
    ${TENANT},
    id ${ID} not null,
    runtime_id ${ID} not null,
    operation_id ${ID} not null,
    request jsonb not null,
    plan jsonb not null,
    verdicts jsonb not null default '[]',
    before jsonb,
    created_at ${NOW},
    primary key (tenant_id, id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,
  'create index intents_of_runtime on intents (tenant_id, runtime_id, id)',

  `create table runtime_kinds (
    name ${ID} primary key,
    type text not null,
    backend text not null,
    capabilities jsonb not null,
    pod_security text not null default 'restricted',
    missing jsonb not null,
    limits jsonb not null default '{}',
    position integer not null default 0,
    checked_at ${NOW}
  )`,
];

const GRANTS: Readonly<Record<string, string>> = {
  snapshots: 'select, insert, update',
  intents: 'select, insert',
};

const STATEMENTS = [
  ...RUNTIMES,
  ...OPERATIONS,
  ...POLICIES,
  ...HEALTH,
  ...TABLES,
  ...Object.entries(GRANTS).flatMap(([table, granted]) => [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy of_tenant on ${table}
      using (tenant_id = nullif(current_setting('app.tenant', true), ''))
      with check (tenant_id = nullif(current_setting('app.tenant', true), ''))`,
    `grant ${granted} on ${table} to runtimeai_app`,
  ]),
  'grant select, insert, update, delete on runtime_kinds to runtimeai_app',
];
