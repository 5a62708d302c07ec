import { expect } from 'vitest';
import { EXAMPLES } from '../../api/openapi/examples.ts';
import { saveRuntimeKinds } from '../../db/runtime-kinds.ts';
import type { AuditRecord } from '../../domain/audit.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import { FakeActivities } from '../fakes/activities.ts';
import { firstInstall } from '../workflows/deploy-input.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import { type GovernedWorld, openGovernedWorld } from './governed-world.ts';
import { makePerson, type Person } from './people.ts';
import { type Answer, startServer, type TestServer } from './server.ts';

/** So that one decision does not end the waiting, and can be taken back. */
const TWO_IN_STAGING = {
  name: 'two-in-staging',
  rules: [
    {
      kind: 'require_approval',
      selector: { action: 'deploy.upgrade', environment: 'staging' },
      params: { quorum: 2 },
    },
  ],
};

const CAPABILITIES = ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate'] as const;
const KINDS = (['agent_runtime', 'sandbox', 'vm'] as const).map(type => ({
  name: type.replace('_', '-'),
  type,
  backend: 'k8s_backend' as const,
  podSecurity: 'restricted' as const,
  capabilities: [...CAPABILITIES, 'deploy', 'rollback'] as const,
  missing: [],
}));

const { agent } = EXAMPLES.createRuntime.smallest.value.spec;

/** Two tenants with one of everything, and the API over a real Temporal whose workflows write real records. */
export class AuditedWorld {
  readonly world: GovernedWorld;
  readonly plane: TestControlPlane;
  readonly server: TestServer;
  /** Both may do everything in acme. */
  readonly ada: Person;
  readonly bob: Person;
  #names = 0;

  private constructor(parts: Pick<AuditedWorld, 'world' | 'plane' | 'server' | 'ada' | 'bob'>) {
    this.world = parts.world;
    this.plane = parts.plane;
    this.server = parts.server;
    this.ada = parts.ada;
    this.bob = parts.bob;
  }

  static async open(): Promise<AuditedWorld> {
    const world = await openGovernedWorld();
    const { database } = world.tenants;
    await saveRuntimeKinds(database.global, KINDS);
    const plane = await startControlPlane(database);
    plane.cluster = new FakeActivities(firstInstall());
    await plane.startWorker();
    const temporal = createTemporalClient({ address: plane.env.address, namespace: 'default' });
    const server = await startServer(world.tenants, temporal);
    const ada = await makePerson(database, { name: 'ada', roles: ['super_admin'] });
    const bob = await makePerson(database, { name: 'bob', roles: ['super_admin'] });
    const audited = new AuditedWorld({ world, plane, server, ada, bob });
    await audited.made('/policies', TWO_IN_STAGING);
    return audited;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.plane.close();
    await this.world.close();
  }

  /** A name nothing has yet. */
  fresh(word: string): string {
    this.#names += 1;
    return `${word}-${this.#names}`;
  }

  /** A command of Ada’s, unless somebody else is named. */
  call(
    path: string,
    body?: object,
    { method = 'POST', by = this.ada }: { method?: string; by?: Person } = {},
  ): Promise<Answer> {
    return this.server.call({ path: `/v1${path}`, method, key: by.key, ...(body && { body }) });
  }

  async ended(operationId: string): Promise<Answer['body']> {
    const { body } = await this.call(`/operations/${operationId}?wait=30`, undefined, { method: 'GET' });
    return body;
  }

  /** Makes something with an id. */
  async made(path: string, body: object): Promise<string> {
    const answer = await this.call(path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body.id;
  }

  /** Makes a runtime and waits until it is there. */
  async runtime(changes: object = {}): Promise<string> {
    const verification = { timeout_seconds: 30, soak_seconds: 0 };
    const { smallest } = EXAMPLES.createRuntime;
    const request = { ...smallest.value, name: this.fresh('agent'), verification, ...changes };
    const made = await this.call('/runtimes', request);
    expect((await this.ended(made.body.operation_id)).outcome, JSON.stringify(made.body)).toBe('succeeded');
    return made.body.id;
  }

  /** Ada asks for an upgrade that somebody else must agree to; in staging two must. */
  async approval(environment = 'production'): Promise<{ approvalId: string; operationId: string }> {
    const runtimeId = await this.runtime({ environment });
    const { body } = await this.call(`/runtimes/${runtimeId}/deployments`, { agent });
    const { approval_id } = await this.ended(body.id);
    return { approvalId: approval_id, operationId: body.id };
  }

  /** Every record of this request, in one tenant's audit. */
  async recordsOf(answer: Answer, tenant = 'acme'): Promise<AuditRecord[]> {
    const rows = await this.world.tenants.database
      .forTenant(tenant)
      .selectFrom('audit_records')
      .select('record')
      .orderBy('id')
      .execute();
    const id = answer.headers.get('x-request-id');
    return rows.map(({ record }) => record).filter(({ origin }) => origin.request_id === id);
  }
}
