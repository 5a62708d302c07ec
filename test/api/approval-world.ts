import { expect } from 'vitest';
import { type ApprovalWish, insertApproval, insertDecision } from '../builders/approval-rows.ts';
import { insertRuntime } from '../builders/runtime-rows.ts';
import { TemporalUpdates } from '../fakes/temporal-updates.ts';
import { makePerson, type Person, type PersonWish } from './people.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture } from './tenants.ts';

const PEOPLE: readonly PersonWish[] = [
  { name: 'rosa', roles: ['operator', 'developer'] },
  { name: 'olaf', roles: ['operator'] },
  { name: 'otto', roles: ['operator'] },
  { name: 'gina', roles: ['operator'], groups: ['security'] },
  { name: 'emil', roles: ['developer'] },
  { name: 'else', roles: ['operator'], project: 'another' },
];

/** People of acme, one runtime, the API over the real database, and a Temporal that remembers what it is sent. */
export class ApprovalWorld {
  readonly temporal: TemporalUpdates;
  readonly tenants: TenantsFixture;
  readonly server: TestServer;
  readonly runtimeId: string;
  readonly #people = new Map<string, Person>();

  private constructor(parts: Pick<ApprovalWorld, 'tenants' | 'server' | 'runtimeId' | 'temporal'>) {
    this.temporal = parts.temporal;
    this.tenants = parts.tenants;
    this.server = parts.server;
    this.runtimeId = parts.runtimeId;
  }

  static async open(): Promise<ApprovalWorld> {
    const tenants = await openTenants();
    const temporal = new TemporalUpdates();
    const server = await startServer(tenants, temporal.asClient());
    const runtimeId = await insertRuntime(tenants.database, { tenantId: 'acme', name: 'checkout' });
    const world = new ApprovalWorld({ tenants, temporal, server, runtimeId });
    for (const person of PEOPLE) await world.joins(person);
    return world;
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.tenants.close();
  }

  /** Closes every approval and delegation, and forgets what was sent. */
  async clear(): Promise<void> {
    await this.tenants.database.inTenant('acme', async sql => {
      await sql.updateTable('approvals').set({ status: 'cancelled' }).execute();
      await sql.updateTable('delegations').set({ revoked_at: new Date() }).execute();
    });
    this.temporal.sent.length = 0;
    this.temporal.refusal = undefined;
  }

  async joins(wish: PersonWish): Promise<Person> {
    const person = await makePerson(this.tenants.database, wish);
    this.#people.set(wish.name, person);
    return person;
  }

  who(name: string): Person {
    const person = this.#people.get(name);
    if (!person) throw new Error(`There is no ${name} in this test.`);
    return person;
  }

  /** An approval that rosa asked for, unless it says otherwise. */
  asks(wish: Partial<ApprovalWish> = {}): Promise<string> {
    const { runtimeId } = this;
    const requester = { id: this.who('rosa').id };
    return insertApproval(this.tenants.database, { tenantId: 'acme', runtimeId, requester, ...wish });
  }

  answers(approvalId: string, name: string, more: { for?: string; withdrawn?: boolean } = {}): Promise<void> {
    return insertDecision(this.tenants.database, {
      tenantId: 'acme',
      approvalId,
      by: this.who(name),
      ...(more.for !== undefined && { inPlaceOf: this.who(more.for) }),
      withdrawn: more.withdrawn ?? false,
    });
  }

  async delegates(from: string, to: string): Promise<string> {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const body = { to: this.who(to).id, until };
    const answer = await this.server.call({ path: '/v1/delegations', key: this.who(from).key, body });
    expect(answer.status).toBe(201);
    return answer.body.id;
  }

  async operationsEnd(): Promise<void> {
    await this.tenants.database.inTenant('acme', sql =>
      sql.updateTable('operations').set({ finished_at: new Date(), outcome: 'rejected' }).execute(),
    );
  }

  async list(name: string, query: string): Promise<string[]> {
    const { body } = await this.get(name, `/v1/approvals?${query}`);
    return body.items.map(({ id }: { id: string }) => id);
  }

  mine(name: string): Promise<string[]> {
    return this.list(name, 'view=mine');
  }

  read(name: string, id: string) {
    return this.get(name, `/v1/approvals/${id}`);
  }

  get(name: string, path: string, headers: Record<string, string> = {}) {
    return this.server.call({ path, key: this.who(name).key, headers });
  }

  decide(name: string, id: string, body: object = { decision: 'approve' }) {
    return this.server.call({ path: `/v1/approvals/${id}/decision`, key: this.who(name).key, body });
  }
}
