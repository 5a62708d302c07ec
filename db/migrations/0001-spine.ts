import { type Kysely, sql } from 'kysely';

/**
 * The tables of the spine. Every table of a tenant has `tenant_id` first in every unique key, a default that takes the
 * tenant of the transaction, and forced row-level security; `runtimeai_app` gets no more than each table needs.
 */
export const spine = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const TENANT = `tenant_id text collate "C" not null default nullif(current_setting('app.tenant', true), '')`;
const ID = `text collate "C"`;
const NOW = 'timestamptz not null default now()';

const TABLES = [
  `create table tenants (
    ${TENANT} primary key,
    created_at ${NOW}
  )`,

  `create table projects (
    ${TENANT} references tenants,
    name ${ID} not null,
    quota jsonb not null,
    created_at ${NOW},
    primary key (tenant_id, name)
  )`,

  `create table api_keys (
    ${TENANT} references tenants,
    key_id ${ID} not null,
    secret_hash bytea not null check (length(secret_hash) = 32),
    principal_id ${ID} not null,
    name text not null,
    kind text not null check (kind in ('human', 'agent')),
    roles text[] not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at ${NOW},
    primary key (tenant_id, key_id)
  )`,
  'create index api_keys_by_key on api_keys (key_id)',

  `create table policies (
    ${TENANT} references tenants,
    id ${ID} not null,
    name text not null,
    position integer not null,
    rules jsonb not null,
    created_at ${NOW},
    primary key (tenant_id, id),
    unique (tenant_id, name)
  )`,

  `create table runtimes (
    ${TENANT},
    id ${ID} not null,
    name ${ID} not null,
    project ${ID} not null,
    environment text not null,
    labels jsonb not null,
    spec jsonb not null,
    phase text not null check (phase in
      ('installing', 'deployed', 'upgrading', 'needs_attention', 'not_installed', 'install_failed')),
    cpu_milli integer not null default 0,
    memory_mib integer not null default 0,
    pods integer not null default 0,
    asked_cpu_milli integer not null default 0,
    asked_memory_mib integer not null default 0,
    asked_pods integer not null default 0,
    operation_id ${ID} not null,
    verified_deployment_id ${ID},
    verified_operation_id ${ID},
    verified_revision integer,
    known_revision integer not null default 0,
    hold jsonb,
    created_at ${NOW},
    updated_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, project, name),
    foreign key (tenant_id, project) references projects
  )`,

  `create table deployments (
    ${TENANT},
    id ${ID} not null,
    runtime_id ${ID} not null,
    operation_id ${ID} not null,
    stage text not null,
    outcome text,
    agent jsonb not null,
    verification jsonb not null,
    policy jsonb,
    cpu_milli integer not null,
    memory_mib integer not null,
    pods integer not null,
    base_revision integer,
    revision integer,
    restored_revision integer,
    verified boolean not null default false,
    verdict jsonb,
    error jsonb,
    requested_by text not null,
    requester_id ${ID} not null,
    requester_kind text not null,
    comment text,
    created_at ${NOW},
    finished_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,
  'create index deployments_of_runtime on deployments (tenant_id, runtime_id, id)',

  // Plan and evidence may be large: beside the deployments, so that a list never drags them along.
  `create table deployment_details (
    ${TENANT},
    deployment_id ${ID} not null,
    plan jsonb,
    evidence jsonb,
    primary key (tenant_id, deployment_id),
    foreign key (tenant_id, deployment_id) references deployments
  )`,

  `create table operations (
    ${TENANT},
    id ${ID} not null,
    kind text not null,
    stage text not null,
    outcome text,
    project ${ID} not null,
    environment text not null,
    runtime_id ${ID},
    deployment_id ${ID},
    approval_id ${ID},
    requested_by text not null,
    requester_id ${ID} not null,
    waits_for text,
    message text,
    error jsonb,
    workflow_id text not null,
    run_id text not null,
    admission jsonb not null,
    created_at ${NOW},
    finished_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,
  'create index operations_of_runtime on operations (tenant_id, runtime_id, id)',

  `create table approvals (
    ${TENANT},
    id ${ID} not null,
    operation_id ${ID} not null,
    runtime_id ${ID} not null,
    deployment_id ${ID} not null,
    status text not null check (status in ('open', 'approved', 'rejected', 'expired', 'cancelled')),
    reason text not null,
    quorum integer not null check (quorum > 0),
    requested_by text not null,
    requester_id ${ID} not null,
    expires_at timestamptz not null,
    created_at ${NOW},
    closed_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, operation_id) references operations
  )`,
  'create index approvals_by_status on approvals (tenant_id, status, id)',

  `create table approval_decisions (
    ${TENANT},
    approval_id ${ID} not null,
    principal_id ${ID} not null,
    decided_by text not null,
    decision text not null check (decision in ('approve', 'reject')),
    comment text,
    decided_at timestamptz not null,
    primary key (tenant_id, approval_id, principal_id),
    foreign key (tenant_id, approval_id) references approvals
  )`,

  // Beside the runtimes, so that the observer's events never wait for the workflow's row.
  `create table event_sequences (
    ${TENANT},
    runtime_id ${ID} not null,
    last integer not null,
    primary key (tenant_id, runtime_id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,

  `create table events (
    ${TENANT},
    runtime_id ${ID} not null,
    sequence integer not null check (sequence > 0),
    id ${ID} not null,
    type text not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    actor text not null check (actor in ('human', 'agent', 'system')),
    principal text,
    operation_id ${ID},
    step integer,
    message text not null,
    data jsonb not null default '{}',
    ts timestamptz not null default clock_timestamp(),
    primary key (tenant_id, runtime_id, sequence),
    unique (tenant_id, operation_id, step),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,

  `create table idempotency_keys (
    ${TENANT} references tenants,
    principal_id ${ID} not null,
    key ${ID} not null,
    route text not null,
    body_hash text not null,
    operation_id ${ID} not null,
    deployment_id ${ID} not null,
    runtime_id ${ID} not null,
    created_at ${NOW},
    primary key (tenant_id, principal_id, key)
  )`,

  `create table runtime_health (
    ${TENANT},
    runtime_id ${ID} not null,
    status text not null check (status in ('healthy', 'degraded', 'unhealthy', 'stopped', 'unknown')),
    ready_pods integer not null,
    total_pods integer not null,
    reason text not null,
    facts jsonb,
    observed_at timestamptz not null,
    primary key (tenant_id, runtime_id),
    foreign key (tenant_id, runtime_id) references runtimes
  )`,

  `create table observer_heartbeats (
    name text primary key,
    observed_at timestamptz not null
  )`,
];

/** What the application may do with each table; a table that is not listed here is closed to it. */
const GRANTS: Readonly<Record<string, string>> = {
  tenants: 'select',
  projects: 'select, insert',
  api_keys: 'select',
  policies: 'select',
  runtimes: 'select, insert, update',
  deployments: 'select, insert, update',
  deployment_details: 'select, insert, update',
  operations: 'select, insert, update',
  approvals: 'select, insert, update',
  approval_decisions: 'select, insert',
  event_sequences: 'select, insert, update',
  events: 'select, insert',
  idempotency_keys: 'select, insert, update',
  runtime_health: 'select, insert, update',
};

const TENANT_TABLES = Object.keys(GRANTS);

const STATEMENTS = [
  ...TABLES,
  ...TENANT_TABLES.flatMap(table => [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy of_tenant on ${table}
      using (tenant_id = nullif(current_setting('app.tenant', true), ''))
      with check (tenant_id = nullif(current_setting('app.tenant', true), ''))`,
    `grant ${GRANTS[table]} on ${table} to runtimeai_app`,
  ]),
  // A key is looked up before its tenant is known; whoever names its id sees that one row.
  `create policy by_key_id on api_keys for select
    using (key_id = nullif(current_setting('app.key_id', true), ''))`,
  'grant select, insert, update on observer_heartbeats to runtimeai_app',
  'grant select on schema_migrations to runtimeai_app',
];
