import type { Database } from '../../db/database.ts';
import { findRuntimeStatus } from '../../db/health.ts';
import { findRuntime, listRuntimes } from '../../db/runtimes.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import { newId } from '../../domain/ids.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Runtime, RuntimeCreateRequest } from '../../domain/runtime.ts';
import { type Deploys, deployInput } from '../deployments/deploys.ts';
import type { Begun } from '../http/answer.ts';
import { otherTenant } from '../http/auth.guard.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound } from '../http/problem.ts';
import { invalidRequest } from '../http/schema.pipe.ts';
import type { RuntimeListQuery } from './runtimes.schemas.ts';

interface RuntimeParts {
  readonly database: Database;
  readonly deploys: Deploys;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
}

/** Runtimes of the caller’s tenant. */
export class RuntimesService {
  readonly #parts: RuntimeParts;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
  }

  /** Begins the first deploy of a new runtime and answers with the runtime as it now stands. */
  async create({
    caller,
    request,
    key,
  }: {
    caller: Principal;
    request: RuntimeCreateRequest;
    key: string | undefined;
  }): Promise<Begun<Runtime>> {
    if (request.tenant_id && request.tenant_id !== caller.tenantId) throw otherTenant(request.tenant_id);
    const { name, project, environment, labels, spec } = request;
    const { agent } = spec;
    if (!agent) throw invalidRequest('', [{ path: ['spec', 'agent'], message: 'is required' }]);
    const ids = {
      operationId: newId('operation'),
      deploymentId: newId('deployment'),
      runtimeId: newId('runtime'),
    };
    const claimed = await this.#parts.deploys.begin(
      { caller, key, route: 'POST /v1/runtimes', body: request, ids },
      {
        about: request,
        inputOf: ids => ({
          ...deployInput({ caller, ids }, { ...request, agent }),
          create: { name, project, environment, labels },
        }),
      },
    );
    const { runtimeId, operationId } = claimed.ids;
    return {
      body: await this.read(caller, runtimeId),
      location: `/v1/runtimes/${runtimeId}`,
      operationId,
      replayed: claimed.replayed,
    };
  }

  async list({ tenantId }: Principal, query: RuntimeListQuery) {
    const { type, state, project, environment } = query;
    if (type && type !== 'agent_runtime') return { items: [], next_page_token: null };
    const { database, maxAgeSeconds } = this.#parts;
    const filter = { state, project, environment };
    return pageAnswer(
      await listRuntimes(database.forTenant(tenantId), { filter, maxAgeSeconds, ...pageRequest(query) }),
    );
  }

  async read({ tenantId }: Principal, runtimeId: string): Promise<Runtime> {
    const { database, maxAgeSeconds } = this.#parts;
    const runtime = await findRuntime(database.forTenant(tenantId), { runtimeId, maxAgeSeconds });
    if (!runtime) throw notFound('runtime', runtimeId);
    return runtime;
  }

  async status({ tenantId }: Principal, runtimeId: string): Promise<RuntimeStatus> {
    const { database, maxAgeSeconds } = this.#parts;
    const status = await findRuntimeStatus(database.forTenant(tenantId), { runtimeId, maxAgeSeconds });
    if (!status) throw notFound('runtime', runtimeId);
    return status;
  }
}
