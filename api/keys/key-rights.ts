import type { KeptPrincipal } from '../../db/principals.ts';
import { mayDoIn, Permission, type Principal, permissionsOf } from '../../domain/principal.ts';
import { ProblemError } from '../http/problem.ts';

/** Throws unless the caller may see and change keys of this principal. */
export function requireKeysOf(caller: Principal, principalId: string): void {
  if (mayTouchKeysOf(caller, principalId)) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} needs the permission key:write for keys of others; without it only keys of ${caller.id} are theirs.`,
  );
}

/** Throws unless the caller may see everybody's keys. */
export function requireEverybodysKeys(caller: Principal): void {
  if (mayDoIn(caller, 'key:write', null)) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} needs the permission key:write for everybody’s keys.`,
  );
}

/** Whether these keys are the caller's own, or anybody's to change. In somebody's place nothing is one's own. */
export function mayTouchKeysOf(caller: Principal, principalId: string): boolean {
  const isOwn = caller.onBehalfOf === undefined && caller.id === principalId;
  return isOwn || mayDoIn(caller, 'key:write', null);
}

/** What a new key is limited to: what was asked for, else what the caller's own key is limited to. */
export function scopesFor(
  caller: Principal,
  asked: readonly Permission[] | undefined,
): Permission[] | undefined {
  if (asked) return [...new Set(asked)];
  return caller.scopes && [...caller.scopes];
}

/** Throws when the new key could do anything that whoever makes it may not do: nobody gives what they do not have. */
export function requireNoMoreThanOwn(
  caller: Principal,
  {
    principal,
    scopes,
  }: { principal: Pick<KeptPrincipal, 'name' | 'grants'>; scopes: readonly Permission[] | undefined },
): void {
  const asked = scopes?.filter(scope => caller.scopes && !caller.scopes.includes(scope)) ?? [];
  const given = principal.grants.flatMap(grant =>
    permissionsOf(grant)
      .filter(permission => scopes === undefined || scopes.includes(permission))
      .filter(permission => !mayDoIn(caller, permission, grant.project)),
  );
  const beyond = [...new Set([...asked, ...given])].sort(inOrder);
  if (beyond.length === 0) return;
  throw new ProblemError(
    'permission_missing',
    `A key of ${principal.name} could do what ${caller.name} may not: ${beyond.join(', ')}. Limit it by scopes to what you may do yourself.`,
  );
}

function inOrder(one: Permission, other: Permission): number {
  return Permission.options.indexOf(one) - Permission.options.indexOf(other);
}
