import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import { addGrant } from '../../db/member-changes.ts';
import {
  addProject,
  findProject,
  type KeptProject,
  lockProject,
  pageOfProjects,
  setProjectQuota,
} from '../../db/projects.ts';
import type { TenantSql } from '../../db/tables.ts';
import { mayDoIn, type Principal } from '../../domain/principal.ts';
import type { SlotQuota } from '../../domain/tenant.ts';
import type { Begun } from '../http/answer.ts';
import { type ExpectedVersions, requireVersion } from '../http/etag.ts';
import { claim } from '../http/idempotency.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import {
  type ProjectAnswer,
  type ProjectChangeRequest,
  type ProjectCreateRequest,
  projectQuotaOf,
  slotQuotaOf,
} from './projects.schemas.ts';

interface ProjectParts {
  readonly database: Pick<Database, 'forTenant' | 'inTenant'>;
  /** What a project may hold that states nothing. */
  readonly defaultQuota: SlotQuota;
}

interface ProjectCommand<Request> {
  readonly caller: Principal;
  readonly by: Author;
  readonly request: Request;
}

/** A project and the version its ETag tells. */
interface Versioned {
  readonly body: ProjectAnswer;
  readonly version: number;
}

/** Projects of the caller’s tenant that it may see. They are plain settings. */
export class ProjectsService {
  readonly #parts: ProjectParts;

  constructor(parts: ProjectParts) {
    this.#parts = parts;
  }

  async list({ tenantId }: Principal, paging: Paging) {
    const page = await pageOfProjects(this.#parts.database.forTenant(tenantId), pageRequest(paging));
    return pageAnswer({ ...page, items: page.items.map(answerOf) });
  }

  async read({ tenantId }: Principal, name: string): Promise<Versioned> {
    return versioned(await findProject(this.#parts.database.forTenant(tenantId), name), name);
  }

  /** Who is a developer gets that role in the project it makes: the project stays its own whatever becomes of the other role. */
  async create({
    caller,
    by,
    request,
    key,
  }: ProjectCommand<ProjectCreateRequest> & { key: string | undefined }): Promise<Begun<ProjectAnswer>> {
    const { name } = request;
    if (request.quota) requireQuotaRight(caller);
    const quota = request.quota ? slotQuotaOf(request.quota) : this.#parts.defaultQuota;
    return this.#parts.database.inTenant(caller.tenantId, async sql => {
      const { replayed } = await claim(
        { forTenant: () => sql },
        { caller, key, route: 'POST /v1/projects', body: request, ids: { project: name } },
      );
      if (!replayed) await make(sql, { caller, by, request: { name, quota } });
      const { body } = versioned(await findProject(sql, name), name);
      return { body, location: `/v1/projects/${name}`, replayed };
    });
  }

  async change(
    name: string,
    { caller, by, request, expected }: ProjectCommand<ProjectChangeRequest> & { expected: ExpectedVersions },
  ): Promise<Versioned> {
    return this.#parts.database.inTenant(caller.tenantId, async sql => {
      const { version } = versioned(await lockProject(sql, name), name);
      requireVersion(expected, version);
      await setProjectQuota(sql, { name, quota: slotQuotaOf(request.quota) }, by);
      return versioned(await findProject(sql, name), name);
    });
  }
}

async function make(
  sql: TenantSql,
  { caller, by, request }: ProjectCommand<{ name: string; quota: SlotQuota }>,
): Promise<void> {
  const { name } = request;
  if (!(await addProject(sql, request, by)))
    throw new ProblemError(
      'name_taken',
      `The tenant has a project ${name} already. Choose another name, or use that one.`,
    );
  if (caller.grants.some(({ role, project }) => role === 'developer' && project === null))
    await addGrant(sql, { memberId: caller.id, grant: { role: 'developer', project: name } }, by);
}

function requireQuotaRight(caller: Principal): void {
  if (mayDoIn(caller, 'quota:write', null)) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} needs the permission quota:write to state a quota. Leave quota out to get the default one.`,
  );
}

function versioned(project: KeptProject | undefined, name: string): Versioned {
  if (!project) throw notFound('project', name);
  return { body: answerOf(project), version: project.version };
}

function answerOf({ name, tenantId, quota, createdAt, updatedAt }: KeptProject): ProjectAnswer {
  return {
    name,
    tenant_id: tenantId,
    quota: projectQuotaOf(quota),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt?.toISOString() ?? null,
  };
}
