import { type Grant, mayDoIn, type Role } from './principal.ts';
import type { Requester } from './requester.ts';
import type { ApproverRights } from './rules/standing-answers.ts';

/** Somebody as the database knows them now, with all that lets them decide on approvals. */
export interface Approver {
  readonly id: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  /** The person behind it: of an agent its owner, else itself. */
  readonly personId: string;
  /** They, or the owner of the agent they are. */
  readonly disabled: boolean;
  /** Granted to them, or claimed by the token they showed last. */
  readonly grants: readonly Grant[];
  readonly groups: readonly string[];
  /** Ids of those who delegate their decisions to them at this moment. */
  readonly inPlaceOf: readonly string[];
}

/** What somebody may in a project, as `standingAnswers` asks for it. */
export function rightsIn(project: string, approver: Approver): ApproverRights {
  const { id, name, personId, disabled, groups, inPlaceOf } = approver;
  const mayDecide = !disabled && mayDoIn({ grants: [...approver.grants] }, 'approval:decide', project);
  const roles = rolesIn(project, approver.grants);
  return { id, name, personId, disabled, mayDecide, roles, groups, inPlaceOf };
}

/** Somebody as their answer in a project names them: without roles and groups when they have no right of their own. */
export function approverIn(project: string, approver: Approver): Requester {
  const { id, name, kind, personId } = approver;
  const { mayDecide, roles, groups } = rightsIn(project, approver);
  return { id, name, kind, personId, roles: mayDecide ? roles : [], groups: mayDecide ? groups : [] };
}

/** The roles that hold in a project. */
export function rolesIn(project: string, grants: readonly Grant[]): Role[] {
  const there = grants.filter(grant => grant.project === null || grant.project === project);
  return [...new Set(there.map(({ role }) => role))];
}
