import { insertApiKey } from '../../db/api-keys.ts';
import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import type { TenantSql } from '../../db/tables.ts';
import { addTenantBelow, findTenant, type KeptTenant, pageOfTenants } from '../../db/tenants.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { claim } from '../http/idempotency.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import type { TenantAnswer, TenantCreateRequest, TenantMade } from './tenants.schemas.ts';

interface TenantParts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  /** Name of the installation, which every key begins with. */
  readonly installation: string;
}

interface TenantCommand {
  readonly caller: Principal;
  readonly by: Author;
  readonly request: TenantCreateRequest;
}

type Made = Omit<TenantMade, keyof TenantAnswer>;

/** The caller’s tenant and those below it. */
export class TenantsService {
  readonly #parts: TenantParts;

  constructor(parts: TenantParts) {
    this.#parts = parts;
  }

  async list({ tenantId }: Principal, paging: Paging) {
    const page = await pageOfTenants(this.#parts.database.forTenant(tenantId), pageRequest(paging));
    return pageAnswer({ ...page, items: page.items.map(answerOf) });
  }

  async read({ tenantId }: Principal, wanted: string): Promise<TenantAnswer> {
    return answerOf(await found(this.#parts.database.forTenant(tenantId), wanted));
  }

  /** Makes a tenant right below the caller’s. Its policies begin as the sample; those from above hold as well. */
  async create({
    caller,
    by,
    request,
    key,
  }: TenantCommand & { key: string | undefined }): Promise<Begun<TenantMade>> {
    const { id } = request;
    return this.#parts.database.inTenant(caller.tenantId, async sql => {
      const { replayed } = await claim(
        { forTenant: () => sql },
        { caller, key, route: 'POST /v1/tenants', body: request, ids: { tenant: id } },
      );
      const made = replayed ? { admin: null } : await this.#make(sql, { caller, by, request });
      const body = { ...answerOf(await found(sql, id)), ...made };
      return { body, location: `/v1/tenants/${id}`, replayed };
    });
  }

  async #make(sql: TenantSql, { by, request }: TenantCommand): Promise<Made> {
    const { id, name, admin } = request;
    let made: Made = { admin: null };
    const furnish = async (below: TenantSql) => {
      if (admin) made = { admin: await this.#firstAdmin(below, admin) };
    };
    const tenant = { tenantId: id, name, policies: [STARTER_POLICIES.sample] };
    if (await addTenantBelow(sql, tenant, { by, furnish })) return made;
    throw new ProblemError('name_taken', `There is a tenant ${id} already. Choose another id.`);
  }

  async #firstAdmin(below: TenantSql, admin: NonNullable<TenantCreateRequest['admin']>) {
    const { installation } = this.#parts;
    const { principalId, keyId, token } = await insertApiKey(below, {
      ...admin,
      installation,
      roles: ['tenant_admin'],
    });
    return { principal_id: principalId, key_id: keyId, token };
  }
}

async function found(sql: TenantSql, tenantId: string): Promise<KeptTenant> {
  const tenant = await findTenant(sql, tenantId);
  if (!tenant) throw notFound('tenant', tenantId);
  return tenant;
}

function answerOf({ id, name, ancestors, createdAt }: KeptTenant): TenantAnswer {
  return { id, name, ancestors: [...ancestors], created_at: createdAt.toISOString() };
}
