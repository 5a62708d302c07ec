import { type Kysely, sql } from 'kysely';

/**
 * Whoever is limited to some projects sees of runtimes, and of all that hangs on them, only what belongs to those. The
 * limit is `app.projects`, a list of names set within the transaction; without it (as in all workers) nothing is hidden.
 */
export const projects = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

/** Never set, or set in an earlier transaction of the connection and empty since. */
const UNLIMITED = `(current_setting('app.projects', true) = '') is not false`;
const LIMIT = `nullif(current_setting('app.projects', true), '')::text[]`;

/** Which of their columns says in what project the rows of a table are. */
const BY_PROJECT: Readonly<Record<string, string>> = {
  projects: 'name',
  runtimes: 'project',
  operations: 'project',
};

/** Tables whose rows are seen with what they belong to, and their column that says to what. */
const BY_OWNER: Readonly<Record<string, readonly [owner: string, column: string]>> = {
  deployments: ['runtime', 'runtime_id'],
  deployment_details: ['deployment', 'deployment_id'],
  event_sequences: ['runtime', 'runtime_id'],
  events: ['runtime', 'runtime_id'],
  runtime_health: ['runtime', 'runtime_id'],
  snapshots: ['runtime', 'runtime_id'],
  intents: ['runtime', 'runtime_id'],
  policy_decisions: ['runtime', 'runtime_id'],
  approvals: ['runtime', 'runtime_id'],
  approval_decisions: ['approval', 'approval_id'],
};

const OWNERS = ['runtime', 'deployment', 'approval'];

const STATEMENTS = [
  'alter table projects add column version integer not null default 1, add column updated_at timestamptz',
  'alter table principals add column version integer not null default 1',
  // In PL/pgSQL, because a subquery in a policy would be planned with every statement, also of those without a limit;
  // and with one plan for all rows: connections of the application plan anew each time (db/database.ts).
  ...OWNERS.map(
    owner => `create function sees_${owner}(of_tenant text, wanted text) returns boolean
      language plpgsql stable parallel safe set plan_cache_mode = force_generic_plan as $$
      begin
        return exists (select from ${owner}s where tenant_id = of_tenant and id = wanted);
      end $$`,
  ),
  // A function too: the planner would take the list itself for one that lets next to nothing through, and make plans for
  // that also where nobody is limited (measured: twice the time for a list of runtimes).
  `create function sees_project(project text) returns boolean language plpgsql stable parallel safe as $$
    begin
      return project = any (${LIMIT});
    end $$`,
  ...Object.entries(BY_PROJECT).map(([table, column]) => limited(table, `sees_project(${column})`)),
  ...Object.entries(BY_OWNER).map(([table, [owner, column]]) =>
    limited(table, `sees_${owner}(tenant_id, ${column})`),
  ),
  // A role that somebody has in all projects is theirs in each.
  limited('role_grants', `project is null or sees_project(project)`),
];

/** For reading alone, by which changing and deleting go too; nobody who is limited adds such rows. */
function limited(table: string, seen: string): string {
  return `create policy of_projects on ${table} as restrictive for select using (${UNLIMITED} or ${seen})`;
}
