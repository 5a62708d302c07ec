import { expect } from 'vitest';
import type { Answer, TestServer } from './server.ts';
import type { TenantsFixture, TestTenant } from './tenants.ts';

type Headers = Readonly<Record<string, string>>;

/** The rules of a policy that states none. */
export const RULES = [{ kind: 'allow_action', selector: { action: 'lifecycle.*' } }];

/** Policies over HTTP, by an administrator of the tenant. */
export class PolicyCalls {
  readonly #tenants: TenantsFixture;
  readonly #server: TestServer;
  #named = 0;

  constructor(tenants: TenantsFixture, server: TestServer) {
    this.#tenants = tenants;
    this.#server = server;
  }

  keyOf(tenant: TestTenant = 'acme'): string {
    return this.#tenants.keyOf(tenant, 'tenant_admin');
  }

  /** A name that no policy has yet. */
  newName(): string {
    this.#named += 1;
    return `policy-${this.#named}`;
  }

  create(body: object, headers: Headers = {}, tenant: TestTenant = 'acme'): Promise<Answer> {
    const key = this.keyOf(tenant);
    return this.#server.call({ path: '/v1/policies', key, body: this.#filledIn(body), headers });
  }

  read(id: string, headers: Headers = {}): Promise<Answer> {
    return this.#server.call({ path: `/v1/policies/${id}`, key: this.keyOf(), headers });
  }

  replace(id: string, body: object, headers: Headers = {}): Promise<Answer> {
    const request = { key: this.keyOf(), body: this.#filledIn(body), headers };
    return this.#server.call({ path: `/v1/policies/${id}`, method: 'PUT', ...request });
  }

  remove(id: string, headers: Headers = {}, tenant: TestTenant = 'acme'): Promise<Answer> {
    const key = this.keyOf(tenant);
    return this.#server.call({ path: `/v1/policies/${id}`, method: 'DELETE', key, headers });
  }

  /** Has a policy while the work is done. */
  async during(policy: object, work: () => Promise<void>, tenant: TestTenant = 'acme'): Promise<void> {
    const { status, body } = await this.create(policy, {}, tenant);
    expect(status).toBe(201);
    try {
      await work();
    } finally {
      await this.remove(body.id, {}, tenant);
    }
  }

  #filledIn(body: object): object {
    return { name: this.newName(), rules: RULES, ...body };
  }
}
