import type { Client } from '@temporalio/client';
import { sql } from 'kysely';
import { revokeApiKey } from '../../db/api-keys.ts';
import { openAsOwner } from '../../db/database.ts';
import type { TenantSql } from '../../db/tables.ts';
import { createApiKey } from '../../db/tenants.ts';
import { newId } from '../../domain/ids.ts';
import type { Grant, Role } from '../../domain/principal.ts';
import { recordDeploys } from './recorded.ts';
import { type Answer, startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

/** One of everything that a path, a query or a body can name, by the name of its parameter. */
export type Named = Record<
  | 'tenant_id'
  | 'project'
  | 'runtime_id'
  | 'operation_id'
  | 'deployment_id'
  | 'approval_id'
  | 'intent_id'
  | 'policy_id'
  | 'principal_id'
  | 'delegation_id'
  | 'key_id'
  | 'audit_id'
  | 'version',
  string
>;

/** Two tenants that have one of everything, the API over them, and a Temporal that never answers: what gets so far is 503. */
export interface GovernedWorld {
  readonly tenants: TenantsFixture;
  readonly server: TestServer;
  /** What the tenant has in the project of this name. */
  named(tenant: TestTenant, project?: string): Named;
  /** A key of a person with exactly these roles. */
  keyWith(
    tenant: TestTenant,
    grants: readonly Grant[],
  ): Promise<{ token: string; principalId: string; keyId: string }>;
  revokedKey(tenant: TestTenant, role: Role): Promise<string>;
  /** Sends a command as the tenant's super_admin, and wants it done. */
  made(tenant: TestTenant, path: string, body: object): Promise<Answer['body']>;
  principalOf(tenant: TestTenant, role: Role): string;
  close(): Promise<void>;
}

/** The project that exists in both tenants, and one that differs. */
export const SHARED_PROJECT = 'default';
export const OTHER_PROJECT: Readonly<Record<TestTenant, string>> = {
  acme: 'acme-secret',
  globex: 'globex-secret',
};

/** Builds it; takes a few seconds. */
export async function openGovernedWorld(): Promise<GovernedWorld> {
  const tenants = await openTenants();
  const server = await startServer(tenants, SILENT_TEMPORAL);
  const world = new World(tenants, server);
  for (const tenant of ['acme', 'globex'] as const) await world.fill(tenant);
  return world;
}

const silence = async () => {
  throw Object.assign(new Error('14 UNAVAILABLE: nobody is there'), { code: 14, details: '', metadata: {} });
};

/** Answers as a Temporal that cannot be reached, without the wait. */
const SILENT_TEMPORAL = {
  options: { namespace: 'default' },
  connection: { workflowService: { getSystemInfo: silence } },
  withDeadline: (_: number, work: () => Promise<unknown>) => work(),
  workflow: {
    executeUpdateWithStart: silence,
    getHandle: () => ({ executeUpdate: silence }),
  },
} as unknown as Client;

class World implements GovernedWorld {
  readonly tenants: TenantsFixture;
  readonly server: TestServer;
  readonly #named = new Map<string, Named>();
  readonly #principals = new Map<string, string>();

  constructor(tenants: TenantsFixture, server: TestServer) {
    this.tenants = tenants;
    this.server = server;
  }

  async fill(tenant: TestTenant): Promise<void> {
    const rows = await this.tenants.database
      .forTenant(tenant)
      .selectFrom('principals')
      .select(['id', 'name'])
      .execute();
    for (const { id, name } of rows) this.#principals.set(name, id);
    for (const project of [SHARED_PROJECT, OTHER_PROJECT[tenant]]) {
      const named = await this.#oneOfEach(tenant, project);
      this.#named.set(`${tenant}/${project}`, named);
    }
  }

  named(tenant: TestTenant, project = SHARED_PROJECT): Named {
    const named = this.#named.get(`${tenant}/${project}`);
    if (!named) throw new Error(`Nothing was made in ${tenant}/${project}.`);
    return named;
  }

  principalOf(tenant: TestTenant, role: Role): string {
    return this.#principals.get(`${tenant}-${role}`) ?? '';
  }

  async made(tenant: TestTenant, path: string, body: object): Promise<Answer['body']> {
    const answer = await this.server.call({ path, body, key: this.tenants.keyOf(tenant, 'super_admin') });
    if (answer.status >= 300)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async keyWith(tenant: TestTenant, grants: readonly Grant[]) {
    const made = await this.#key(tenant, `${tenant}-limited`);
    await this.tenants.database.inTenant(tenant, async db => {
      for (const { role, project } of grants)
        await db
          .insertInto('role_grants')
          .values({ principal_id: made.principalId, role, project })
          .execute();
    });
    return made;
  }

  async revokedKey(tenant: TestTenant, role: Role): Promise<string> {
    const { token, keyId } = await this.keyWith(tenant, [{ role, project: null }]);
    await this.tenants.database.inTenant(tenant, db => revokeApiKey(db, keyId));
    return token;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.tenants.close();
  }

  async #key(tenantId: TestTenant, name: string) {
    const owner = openAsOwner(this.tenants.appUrl);
    try {
      return await createApiKey(owner, { tenantId, installation: 'test', name, kind: 'human', roles: [] });
    } finally {
      await owner.close();
    }
  }

  async #oneOfEach(tenant: TestTenant, project: string): Promise<Named> {
    const recorded = await recordDeploys(this.tenants.database, tenant, {
      name: `${project}-agent`,
      project,
    });
    const { runtimeId, operationId, deploymentId, approvalId } = recorded;
    const intentId = newId('intent');
    await this.tenants.database.inTenant(tenant, db =>
      writeBeside(db, { runtimeId, operationId, intentId, name: `${project}-snapshot` }),
    );
    const member = await this.made(tenant, '/v1/members', {
      name: `${tenant}-${project}-member`,
      kind: 'human',
      grants: [{ role: 'viewer', project }],
    });
    const policy = await this.made(tenant, '/v1/policies', {
      name: `${tenant}-${project}-policy`,
      rules: [{ kind: 'allow_action', selector: {} }],
    });
    const delegation = await this.made(tenant, '/v1/delegations', {
      from: this.principalOf(tenant, 'operator'),
      to: this.principalOf(tenant, 'tenant_admin'),
      until: new Date(Date.now() + 3600_000).toISOString(),
      reason: `${tenant}-${project}-reason`,
    });
    const key = await this.#key(tenant, `${tenant}-${project}-key`);
    return {
      tenant_id: tenant,
      project,
      runtime_id: runtimeId,
      operation_id: operationId,
      deployment_id: deploymentId,
      approval_id: approvalId,
      intent_id: intentId,
      policy_id: policy.id,
      principal_id: member.id,
      delegation_id: delegation.id,
      key_id: key.keyId,
      audit_id: await newestAudit(this.tenants.database.forTenant(tenant)),
      version: '1',
    };
  }
}

/** What the workflows write after a deploy is admitted. */
async function writeBeside(
  db: TenantSql,
  of: { runtimeId: string; operationId: string; intentId: string; name: string },
): Promise<void> {
  const { runtimeId, operationId, intentId, name } = of;
  const plan = { goal: name, actions: [], explanations: [], cost: null };
  await sql`insert into intents (id, runtime_id, operation_id, request, plan, verdicts) values (${intentId},
    ${runtimeId}, ${operationId}, ${JSON.stringify({ goal: name })}, ${JSON.stringify(plan)}, '[]')`.execute(
    db,
  );
  await sql`insert into snapshots (id, runtime_id, name, status, operation_id)
    values (${newId('snapshot')}, ${runtimeId}, ${name}, 'ready', ${operationId})`.execute(db);
}

async function newestAudit(db: TenantSql): Promise<string> {
  const { rows } = await sql<{ id: string }>`select id from audit_records order by id desc limit 1`.execute(
    db,
  );
  return rows[0]?.id ?? newId('audit');
}
