import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../domain/ids.ts';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import type { Projects } from './connection.ts';
import type { TenantSql } from './tables.ts';

let two: TwoTenants;
const ids: Record<'a' | 'b', { runtimeId: string; operationId: string; approvalId: string }> = {
  a: { runtimeId: newId('runtime'), operationId: newId('operation'), approvalId: newId('approval') },
  b: { runtimeId: newId('runtime'), operationId: newId('operation'), approvalId: newId('approval') },
};

beforeAll(async () => {
  two = await twoTenants();
  for (const project of ['a', 'b'] as const) await two.db.inTenant('acme', db => writeOneOfEach(db, project));
});
afterAll(() => two.close());

async function writeOneOfEach(db: TenantSql, project: 'a' | 'b'): Promise<void> {
  const { runtimeId, operationId, approvalId } = ids[project];
  const deploymentId = newId('deployment');
  const statements = [
    sql`insert into projects (name, quota) values (${project}, '{}')`,
    sql`insert into runtimes (id, name, project, environment, labels, spec, phase, operation_id)
      values (${runtimeId}, 'agent', ${project}, 'production', '{}', '{}', 'deployed', ${operationId})`,
    sql`insert into deployments (id, runtime_id, operation_id, stage, agent, verification, cpu_milli, memory_mib, pods,
      requested_by, requester_id, requester_kind)
      values (${deploymentId}, ${runtimeId}, ${operationId}, 'finished', '{}', '{}', 1, 1, 1, 'Ada', 'prn_ada', 'human')`,
    sql`insert into deployment_details (deployment_id) values (${deploymentId})`,
    sql`insert into operations (id, kind, stage, project, environment, runtime_id, requested_by, requester_id,
      workflow_id, run_id, admission)
      values (${operationId}, 'deploy', 'finished', ${project}, 'production', ${runtimeId}, 'Ada', 'prn_ada', 'w', 'r', '{}')`,
    sql`insert into approvals (id, operation_id, runtime_id, deployment_id, status, reason, quorum, requested_by,
      requester_id, expires_at)
      values (${approvalId}, ${operationId}, ${runtimeId}, ${deploymentId}, 'open', '', 1, 'Ada', 'prn_ada', now())`,
    sql`insert into approval_decisions (approval_id, principal_id, decided_by, decision, decided_at)
      values (${approvalId}, 'prn_bo', 'Bo', 'approve', now())`,
    sql`insert into event_sequences (runtime_id, last) values (${runtimeId}, 1)`,
    sql`insert into events (runtime_id, sequence, id, type, severity, actor, message)
      values (${runtimeId}, 1, ${newId('event')}, 'x', 'info', 'system', '')`,
    sql`insert into runtime_health (runtime_id, status, ready_pods, total_pods, reason, observed_at)
      values (${runtimeId}, 'healthy', 1, 1, '', now())`,
    sql`insert into snapshots (id, runtime_id, name, status, operation_id)
      values (${newId('snapshot')}, ${runtimeId}, 's', 'ready', ${operationId})`,
    sql`insert into intents (id, runtime_id, operation_id, request, plan, verdicts)
      values (${newId('intent')}, ${runtimeId}, ${operationId}, '{}', '{}', '[]')`,
    sql`insert into policy_decisions (id, operation_id, runtime_id, moment, question, verdict, policies, digest)
      values (${newId('decision')}, ${operationId}, ${runtimeId}, 'admission', '{}', '{}', '[]', '')`,
    sql`insert into principals (id, name, kind) values (${`prn_${project}`}, ${project}, 'human')`,
    sql`insert into role_grants (principal_id, role, project) values (${`prn_${project}`}, 'viewer', ${project})`,
  ];
  for (const statement of statements) await statement.execute(db);
}

/** What is no record of a project: keys are their principal's, tokens of repeated requests too, audit is the tenant's. */
const OF_NO_PROJECT = ['api_keys', 'idempotency_keys', 'audit_records'];

async function tablesOfProjects(): Promise<string[]> {
  const { rows } = await withClient(two.database.superuserUrl, client =>
    client.query<{ name: string }>(`
      select distinct table_name as name from information_schema.columns
      join information_schema.tables using (table_schema, table_name)
      where table_schema = 'public' and column_name in
        ('project', 'runtime_id', 'deployment_id', 'approval_id', 'operation_id')`),
  );
  const partitions = /^audit_records_/;
  return [...rows.map(({ name }) => name), 'projects'].filter(
    name => !OF_NO_PROJECT.includes(name) && !partitions.test(name),
  );
}

async function count(table: string, projects?: Projects): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from ${sql.table(table)}`.execute(two.db.forTenant('acme', projects));
  return rows[0]?.count ?? -1;
}

describe('whoever is limited to projects', () => {
  test('sees of every table that belongs to projects what belongs to those', async () => {
    for (const table of await tablesOfProjects()) {
      const seen = await Promise.all(
        [undefined, 'all' as const, ['a', 'b'], ['a'], ['c']].map(p => count(table, p)),
      );
      expect(seen, table).toEqual([2, 2, 2, 1, 0]);
    }
  });

  test('to none at all sees nothing, not everything', async () => {
    for (const table of await tablesOfProjects()) expect(await count(table, []), table).toBe(0);
  });

  test('neither changes nor deletes what it does not see', async () => {
    const limited = two.db.forTenant('acme', ['a']);
    const changed = await limited
      .updateTable('runtimes')
      .set({ phase: 'upgrading' })
      .where('id', '=', ids.b.runtimeId)
      .executeTakeFirst();
    expect(changed.numUpdatedRows).toBe(0n);
    const deleted = await limited.deleteFrom('role_grants').where('project', '=', 'b').executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(0n);
  });

  test('is so in every statement of a transaction, and only there', async () => {
    const names = (db: TenantSql) => db.selectFrom('projects').select('name').orderBy('name').execute();
    const limited = await two.db.inTenant('acme', async db => [await names(db), await names(db)], ['b']);
    expect(limited).toEqual([[{ name: 'b' }], [{ name: 'b' }]]);
    expect(await two.db.inTenant('acme', names)).toHaveLength(2);
  });

  test.each(['a","b', 'a,b', '}', '\\', "'; select 1; --", ''])(
    'to the project %j sees nothing else',
    async name => {
      expect(await count('runtimes', [name])).toBe(0);
    },
  );
});
