import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayDo, type Permission, type Principal } from '../../domain/principal.ts';
import type { Presented } from '../identity/authentication.ts';
import { unauthenticated } from '../identity/refused.ts';
import { originOf } from './audit-actor.ts';
import { accessOf } from './permission.decorator.ts';
import { ProblemError } from './problem.ts';
import type { RateLimits } from './rate-limit.ts';

/** Who sends a request, or the answer to one that nobody may send. */
export type Identify = (presented: Presented) => Promise<Principal | ProblemError>;

/** The header by which an agent says in whose place it acts. */
export const ON_BEHALF_OF = 'runtimeai-on-behalf-of';

/** Lets a request through when its key or token is good, its tenant is the caller's and its roles grant what the route requires. */
export class AuthGuard implements CanActivate {
  readonly #identify: Identify;
  readonly #limits: RateLimits | undefined;

  /** Without limits nothing is counted. */
  constructor(identify: Identify, limits?: RateLimits) {
    this.#identify = identify;
    this.#limits = limits;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context.getHandler());
    if (access && 'public' in access) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const principal = await this.#principalOf(request);
    if (principal instanceof ProblemError) {
      this.#limits?.countStranger(request, reply);
      throw principal;
    }
    this.#limits?.countPrincipal(principal.id, reply);
    refuseOtherTenant(request, principal);
    if (!access)
      throw new ProblemError('permission_missing', 'This route states no permission and is closed.');
    if ('permission' in access) requirePermission(principal, access.permission);
    return true;
  }

  async #principalOf(request: FastifyRequest): Promise<Principal | ProblemError> {
    const header = request.headers.authorization;
    if (header === undefined)
      return unauthenticated(
        'Send the header "Authorization: Bearer " and an API key (rtai_…) or an access token.',
      );
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    if (token === undefined)
      return unauthenticated('The header Authorization must be "Bearer " and an API key or an access token.');
    const named = request.headers[ON_BEHALF_OF];
    const found = await this.#identify({
      token,
      onBehalfOf: named === undefined ? undefined : String(named),
    });
    if (found instanceof ProblemError) return found;
    const { address, request_id: requestId } = originOf(request);
    request.principal = { ...found, origin: { address, requestId } };
    return request.principal;
  }
}

/** The answer when the body names a tenant that is not the caller's; the tenant comes from the key alone. */
export function otherTenant(named: string): ProblemError {
  return new ProblemError(
    'other_tenant',
    `The key or token does not belong to the tenant ${JSON.stringify(named)}. Leave tenant_id out.`,
  );
}

/** The header may only repeat what the key says. */
function refuseOtherTenant(request: FastifyRequest, principal: Principal): void {
  const named = request.headers['tenant_id'] ?? request.headers['x-tenant-id'];
  if (named !== undefined && named !== principal.tenantId) throw otherTenant(String(named));
}

function requirePermission(principal: Principal, permission: Permission): void {
  if (mayDo(principal, permission)) return;
  const roles = principal.roles.join(', ') || 'none';
  throw new ProblemError(
    'permission_missing',
    `${principal.name} needs the permission ${permission}; its roles are: ${roles}.`,
  );
}
