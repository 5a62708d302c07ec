import { AsyncLocalStorage } from 'node:async_hooks';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Projects } from '../../db/connection.ts';
import type { Database } from '../../db/database.ts';
import { mayDoIn, type Permission, type Principal, projectsOf } from '../../domain/principal.ts';
import { accessOf } from './permission.decorator.ts';
import { ProblemError } from './problem.ts';
import { callerOf } from './request.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the route requires, and the projects whose records its caller may see; not on public routes. */
    access: { readonly permission: Permission; readonly sees: Projects } | undefined;
  }
}

const inProgress = new AsyncLocalStorage<FastifyRequest>();

/** Lets everything a request calls know which request it serves. */
export function followRequests(server: FastifyInstance): void {
  server.decorateRequest('access', undefined);
  server.addHook('preHandler', (request, _reply, done) => inProgress.run(request, done));
}

/** Works out, once the caller is known, in which projects it may see anything. Comes behind the guard that knows the caller. */
export class ProjectGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const access = accessOf(context.getHandler());
    if (!access || !('permission' in access)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { permission } = access;
    request.access = {
      permission,
      sees: seenProjects(callerOf(request), { permission, method: request.method }),
    };
    return true;
  }
}

/**
 * A read shows where the caller may do just that. A command also finds what its caller may only look at, so that it is
 * told 403 there, and 404 where it may not even look.
 */
export function seenProjects(
  principal: Principal,
  { permission, method }: { permission: Permission; method: string },
): Projects {
  const doing = projectsOf(principal, permission);
  if (method === 'GET' || method === 'HEAD' || doing === 'all') return doing;
  const looking = projectsOf(principal, 'runtime:read');
  return looking === 'all' ? looking : [...new Set([...doing, ...looking])];
}

/** Throws 403 unless the caller of the request in progress may do in this project what its route requires. */
export function requireInProject(project: string): void {
  const { principal, permission } = accessNow();
  if (mayDoIn(principal, permission, project)) return;
  throw new ProblemError(
    'permission_missing',
    `${principal.name} needs the permission ${permission} in the project ${project}. Ask an administrator of the tenant for a role there.`,
  );
}

/** Whether the caller of the request in progress may see what belongs to this project; for what is answered from memory. */
export function seesProject(project: string): boolean {
  const { sees } = accessNow();
  return sees === 'all' || sees.includes(project);
}

/**
 * The database as requests have it: each sees of its caller's tenant what its caller may see, and nothing else. Outside
 * of a request it refuses, so that nothing meant for one caller is read without its limits.
 */
export function databaseOfCallers(database: Database): Database {
  return {
    ...database,
    global: database.global,
    forTenant: tenantId => database.forTenant(tenantId, seenOf(tenantId)),
    inTenant: (tenantId, work) => database.inTenant(tenantId, work, seenOf(tenantId)),
  };
}

function seenOf(tenantId: string): Projects {
  const { principal, sees } = accessNow();
  if (principal.tenantId === tenantId) return sees;
  throw new Error(`A request of the tenant ${principal.tenantId} tried to read the tenant ${tenantId}.`);
}

function accessNow(): { principal: Principal; permission: Permission; sees: Projects } {
  const request = inProgress.getStore();
  if (!request?.access)
    throw new Error('Records of a tenant were asked for without a request whose caller is known.');
  return { principal: callerOf(request), ...request.access };
}
