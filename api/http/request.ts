import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal, Role } from '../../domain/principal.ts';
import type { Requester } from '../../domain/requester.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard on every route that is not public. */
    principal: Principal | undefined;
  }
}

/** The principal whose key or token the request carries. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The principal of a request to a route that is not public. */
export function callerOf({ principal }: Pick<FastifyRequest, 'principal'>): Principal {
  if (!principal) throw new Error('A public route asks for the caller; it has none.');
  return principal;
}

/** The principal as records and messages carry it. */
export function requesterOf(principal: Principal): Requester {
  const { id, name, kind, personId, ownerId, issuedBy, onBehalfOf, acr, credential, origin } = principal;
  return {
    id,
    name,
    kind,
    personId,
    ...(ownerId !== undefined && { ownerId }),
    ...(issuedBy !== undefined && { issuedBy }),
    ...standing(principal),
    credential: credential.id,
    ...(onBehalfOf && { onBehalfOf: { id: onBehalfOf.id, name: onBehalfOf.name } }),
    ...(acr !== undefined && { acr }),
    ...(origin && { origin }),
  };
}

/** In somebody's place only what both are counts: whoever decides by their role must have it as well. */
function standing({ roles, groups, onBehalfOf }: Principal): Pick<Requester, 'roles' | 'groups'> {
  if (!onBehalfOf) return { roles, groups };
  const theirs = new Set<Role>(onBehalfOf.grants.map(({ role }) => role));
  return {
    roles: roles.filter(role => theirs.has(role)),
    groups: groups.filter(group => onBehalfOf.groups.includes(group)),
  };
}
