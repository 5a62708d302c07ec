import { type Kysely, sql } from 'kysely';

/**
 * Who may do what, and who said yes: principals with their logins, grants and keys; tenants below tenants; versions of
 * policies and the decisions made by them; approvals bound to what was shown; delegations.
 */
export const governance = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const HERE = `nullif(current_setting('app.tenant', true), '')`;
const TENANT = `tenant_id text collate "C" not null default ${HERE}`;
const ID = `text collate "C"`;
const NOW = 'timestamptz not null default now()';

const TENANTS = [
  `alter table tenants add column name text, add column ancestors text[] not null default '{}'`,
  `create policy below on tenants for select using (${HERE} = any (ancestors))`,
  'grant insert on tenants to runtimeai_app',
];

const PRINCIPALS = [
  `create table principals (
    ${TENANT} references tenants,
    id ${ID} not null,
    name text not null,
    kind text not null check (kind in ('human', 'agent')),
    owner_id ${ID},
    may_act_for text[] not null default '{}',
    claimed_roles text[] not null default '{}',
    claimed_at timestamptz,
    groups text[] not null default '{}',
    disabled_at timestamptz,
    last_seen_at timestamptz,
    created_at ${NOW},
    primary key (tenant_id, id),
    foreign key (tenant_id, owner_id) references principals
  )`,
  `create table logins (
    ${TENANT},
    issuer text not null,
    subject text not null,
    principal_id ${ID} not null,
    created_at ${NOW},
    primary key (tenant_id, issuer, subject),
    foreign key (tenant_id, principal_id) references principals
  )`,
  `create table role_grants (
    ${TENANT},
    principal_id ${ID} not null,
    role text not null,
    project ${ID},
    granted_by text,
    created_at ${NOW},
    unique nulls not distinct (tenant_id, principal_id, role, project),
    foreign key (tenant_id, principal_id) references principals
  )`,
  // The keys of an earlier release held the roles themselves. Forced row-level security would hide them from their owner.
  'alter table api_keys no force row level security',
  'alter table principals no force row level security',
  'alter table role_grants no force row level security',
  `insert into principals (tenant_id, id, name, kind, created_at)
    select distinct on (tenant_id, principal_id) tenant_id, principal_id, name, kind, created_at
    from api_keys order by tenant_id, principal_id, created_at`,
  `insert into role_grants (tenant_id, principal_id, role)
    select distinct tenant_id, principal_id, unnest(roles) from api_keys`,
  'alter table api_keys force row level security',
  `alter table api_keys drop column roles, drop column kind,
    add column scopes text[],
    add column last_used_at timestamptz,
    add column replaces ${ID},
    add column created_by text,
    add constraint api_keys_of_principal foreign key (tenant_id, principal_id) references principals`,
  'create index api_keys_of_principal on api_keys (tenant_id, principal_id)',
  'grant insert, update (revoked_at, expires_at, last_used_at, name) on api_keys to runtimeai_app',
];

// A key in memory is forgotten whenever what it allows has changed; that it was used changes nothing.
const ANNOUNCEMENTS = [
  'drop trigger announce_key on api_keys',
  `create trigger announce_key_change after update of revoked_at, expires_at, scopes, principal_id on api_keys
    for each row execute function announce_key()`,
  `create trigger announce_key_removal after delete on api_keys for each row execute function announce_key()`,
  `create function announce_principal() returns trigger language plpgsql as $$
    declare
      changed text;
      of_tenant text;
    begin
      if tg_table_name = 'principals' then
        changed := new.id; of_tenant := new.tenant_id;
      elsif tg_op = 'DELETE' then
        changed := old.principal_id; of_tenant := old.tenant_id;
      else
        changed := new.principal_id; of_tenant := new.tenant_id;
      end if;
      perform pg_notify('runtimeai_keys', key_id) from api_keys
        where tenant_id = of_tenant and principal_id in (
          select id from principals where tenant_id = of_tenant and (id = changed or owner_id = changed));
      perform pg_notify('runtimeai_principals', json_build_object('tenant', of_tenant, 'principal', changed)::text);
      return null;
    end $$`,
  `create trigger announce_principal after update of name, owner_id, may_act_for, claimed_roles, groups, disabled_at
    on principals for each row execute function announce_principal()`,
  `create trigger announce_grant after insert or update or delete on role_grants
    for each row execute function announce_principal()`,
  `create trigger announce_login after insert or update or delete on logins
    for each row execute function announce_principal()`,
];

const POLICIES = [
  `alter table policies add column version integer not null default 1,
    add column mode text not null default 'enforce' check (mode in ('enforce', 'shadow')),
    add column updated_at timestamptz`,
  'grant update on policies to runtimeai_app',
  // What a tenant above has made is read with one's own, and can only be changed from above.
  `create policy from_above on policies for select using (exists (
    select from tenants t where t.tenant_id = ${HERE} and policies.tenant_id = any (t.ancestors)))`,
  `create table policy_versions (
    ${TENANT},
    policy_id ${ID} not null,
    version integer not null,
    name text not null,
    scope_env text,
    mode text not null,
    rules jsonb not null,
    removed boolean not null default false,
    changed_by text,
    changed_at ${NOW},
    primary key (tenant_id, policy_id, version)
  )`,
  'alter table policies no force row level security',
  'alter table policy_versions no force row level security',
  `insert into policy_versions (tenant_id, policy_id, version, name, scope_env, mode, rules, changed_at)
    select tenant_id, id, version, name, scope_env, mode, rules, created_at from policies`,
  'alter table policies force row level security',
  `create table policy_decisions (
    ${TENANT},
    id ${ID} not null,
    operation_id ${ID},
    runtime_id ${ID},
    moment text not null check (moment in ('admission', 'clearance')),
    step integer not null default 0,
    question jsonb not null,
    verdict jsonb not null,
    policies jsonb not null,
    digest text not null,
    decided_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id)
  )`,
  'create index policy_decisions_by_time on policy_decisions (tenant_id, decided_at)',
  'create index policy_decisions_of_operation on policy_decisions (tenant_id, operation_id)',
];

const OPERATIONS = [
  `alter table operations add column verdict jsonb, add column on_behalf_of text`,
  `alter table runtimes add column footprint jsonb, add column asked_footprint jsonb`,
];

const APPROVALS = [
  'alter table approvals drop constraint approvals_status_check',
  `alter table approvals add constraint approvals_status_check
    check (status in ('open', 'approved', 'rejected', 'expired', 'cancelled', 'void'))`,
  `alter table approvals add column demands jsonb not null default '[]',
    add column digest text not null default '',
    add column card jsonb not null default '{}',
    add column shown jsonb not null default '{}',
    add column supersedes ${ID},
    add column difference text,
    add column requester_person ${ID}`,
  `alter table approval_decisions add column person_id ${ID},
    add column for_id ${ID},
    add column for_name text,
    add column acr text,
    add column withdrawn_at timestamptz`,
  'grant update on approval_decisions to runtimeai_app',
  `create table delegations (
    ${TENANT},
    id ${ID} not null,
    from_id ${ID} not null,
    to_id ${ID} not null,
    until timestamptz not null,
    reason text,
    created_at ${NOW},
    revoked_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, from_id) references principals,
    foreign key (tenant_id, to_id) references principals,
    check (from_id <> to_id)
  )`,
  'create index delegations_to on delegations (tenant_id, to_id)',
];

const PROJECTS = ['grant update on projects to runtimeai_app'];

const GRANTS: Readonly<Record<string, string>> = {
  principals: 'select, insert, update',
  logins: 'select, insert, delete',
  role_grants: 'select, insert, delete',
  policy_versions: 'select, insert',
  policy_decisions: 'select, insert',
  delegations: 'select, insert, update (revoked_at)',
};

// Before its tenant is known, whoever names a key sees whose it is and what that one may do.
const BY_KEY = ['principals', 'role_grants'].map(table => {
  const principal = table === 'principals' ? 'id' : 'principal_id';
  return `create policy by_key_id on ${table} for select using (exists (
    select from api_keys k where k.key_id = nullif(current_setting('app.key_id', true), '')
      and k.tenant_id = ${table}.tenant_id and k.principal_id = ${table}.${principal}))`;
});

const STATEMENTS = [
  ...TENANTS,
  ...PRINCIPALS,
  ...POLICIES,
  ...OPERATIONS,
  ...APPROVALS,
  ...PROJECTS,
  ...Object.entries(GRANTS).flatMap(([table, granted]) => [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy of_tenant on ${table} using (tenant_id = ${HERE}) with check (tenant_id = ${HERE})`,
    `grant ${granted} on ${table} to runtimeai_app`,
  ]),
  ...BY_KEY,
  ...ANNOUNCEMENTS,
];
