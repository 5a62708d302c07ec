import type { Member } from '../../db/members.ts';
import { type Grant, mayDoIn, mayGrant, type Principal } from '../../domain/principal.ts';
import { ProblemError } from '../http/problem.ts';

/** Throws 403 unless the caller may hand out, or take away, each of these roles. */
export function requireGrantRight(caller: Principal, grants: readonly Grant[]): void {
  const beyond = grants.find(grant => !mayGrant(caller, grant));
  if (beyond === undefined) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} may not give or take away the role ${inWords(beyond)}: nobody hands out more than they have themselves, with member:write in the same place.`,
  );
}

/**
 * Throws 403 unless the caller may change who the member is. It reaches beyond any project, and over whoever may do more
 * than the caller it would be a way to take that over.
 */
export function requireRightOver(
  caller: Principal,
  member: Pick<Member, 'name' | 'grants' | 'claimed'>,
): void {
  requireSettingRight(caller);
  const beyond = [...member.grants, ...member.claimed].find(grant => !mayGrant(caller, grant));
  if (beyond === undefined) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} may not change ${member.name}, who has the role ${inWords(beyond)} and with it more than ${caller.name}.`,
  );
}

/** Throws 403 unless the caller may set what holds in the whole tenant. */
export function requireSettingRight(caller: Principal): void {
  if (mayDoIn(caller, 'member:write', null)) return;
  throw new ProblemError(
    'permission_missing',
    `${caller.name} needs the permission member:write in all projects; with a role in single projects it may make members there, and give and take away roles there.`,
  );
}

/** A role with its place, as messages say it. */
export function inWords({ role, project }: Grant): string {
  return project === null ? `${role} in all projects` : `${role} in the project ${project}`;
}
