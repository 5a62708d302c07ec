import type { Database } from '../../db/database.ts';
import { findProject } from '../../db/projects.ts';
import { findRuntime, listRuntimes } from '../../db/runtimes.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import { newId } from '../../domain/ids.ts';
import { mayDoIn, type Principal } from '../../domain/principal.ts';
import type { Runtime, RuntimeCreateRequest } from '../../domain/runtime.ts';
import type { Commands } from '../commands/commands.ts';
import type { Begun } from '../http/answer.ts';
import { otherTenant } from '../http/auth.guard.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound } from '../http/problem.ts';
import { requireInProject, seesProject } from '../http/project-access.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import type { StatusBoard } from '../status/status-board.ts';
import { createBeginning } from './create-beginning.ts';
import type { RuntimeListQuery } from './runtimes.schemas.ts';

interface RuntimeParts {
  readonly database: Database;
  readonly commands: Commands;
  readonly board: StatusBoard;
  /** Age at which what the observer saw no longer counts. */
  readonly maxAgeSeconds: number;
  /** Image of an agent that names none. */
  readonly defaultImage: string | undefined;
}

/** Runtimes of the caller’s tenant. */
export class RuntimesService {
  readonly #parts: RuntimeParts;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
  }

  /** Begins to make a new runtime and answers with the runtime as it now stands. */
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
    const ids = {
      operationId: newId('operation'),
      deploymentId: newId('deployment'),
      runtimeId: newId('runtime'),
    };
    const { project } = request;
    await this.#requireProject(caller, project);
    const command = { caller, project, key, route: 'POST /v1/runtimes', body: request, ids };
    const claimed = await this.#parts.commands.begin(command, ids =>
      createBeginning({ caller, ids, defaultImage: this.#parts.defaultImage }, request),
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
    const { database, maxAgeSeconds } = this.#parts;
    const filter = { type, state, project, environment };
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
    const status = await this.#parts.board.read({ tenantId, runtimeId, sees: seesProject });
    if (!status) throw notFound('runtime', runtimeId);
    return status;
  }
  /** The first runtime makes its project too, for whoever may make projects; nobody else may name one that is not there. */
  async #requireProject(caller: Principal, project: string): Promise<void> {
    requireInProject(project);
    if (mayDoIn(caller, 'project:write', null)) return;
    if (await findProject(this.#parts.database.forTenant(caller.tenantId), project)) return;
    const message = `names no project that is there, and ${caller.name} may not make one (project:write)`;
    throw unprocessableRequest('', [{ path: ['project'], message }]);
  }
}
