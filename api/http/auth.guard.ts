import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayDo, type Permission, type Principal } from '../../domain/principal.ts';
import { accessOf } from './permission.decorator.ts';
import { ProblemError } from './problem.ts';
import type { RateLimits } from './rate-limit.ts';

/** Who a token belongs to; nothing for a token that is unknown, revoked or expired. */
export type Authenticate = (token: string) => Promise<Principal | undefined>;

/** Lets a request through when its key is good, its tenant is the key's and its roles grant what the route requires. */
export class AuthGuard implements CanActivate {
  readonly #authenticate: Authenticate;
  readonly #limits: RateLimits | undefined;

  /** Without limits nothing is counted. */
  constructor(authenticate: Authenticate, limits?: RateLimits) {
    this.#authenticate = authenticate;
    this.#limits = limits;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context.getHandler());
    if (access && 'public' in access) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const principal = await this.#identify(request);
    if (principal instanceof ProblemError) {
      this.#limits?.countStranger(request, reply);
      throw principal;
    }
    this.#limits?.countPrincipal(principal.id, reply);
    refuseOtherTenant(request, principal);
    if (!access)
      throw new ProblemError('permission_missing', 'This route states no permission and is closed.');
    requirePermission(principal, access.permission);
    return true;
  }

  async #identify(request: FastifyRequest): Promise<Principal | ProblemError> {
    const header = request.headers.authorization;
    if (header === undefined) return unauthenticated('Send the header "Authorization: Bearer rtai_…".');
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    if (token === undefined)
      return unauthenticated('The header Authorization must be "Bearer " and an API key.');
    const principal = await this.#authenticate(token);
    if (!principal) return unauthenticated('The API key is unknown, revoked or expired.');
    request.principal = principal;
    return principal;
  }
}

/** The answer when the body names a tenant that is not the caller's; the tenant comes from the key alone. */
export function otherTenant(named: string): ProblemError {
  return new ProblemError(
    'other_tenant',
    `The key does not belong to the tenant ${JSON.stringify(named)}. Leave tenant_id out.`,
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

function unauthenticated(detail: string): ProblemError {
  return new ProblemError('unauthenticated', detail, {
    headers: { 'www-authenticate': 'Bearer realm="runtimeai"' },
  });
}
