import { findMember, type Member, type MemberSettings, principalsAmong } from '../../db/members.ts';
import { projectsAmong } from '../../db/projects.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { Grant, Principal } from '../../domain/principal.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import { requireRightOver, requireSettingRight } from './member-rights.ts';
import type { MemberChangeRequest } from './members.schemas.ts';

interface Question {
  readonly caller: Principal;
  readonly request: Omit<MemberChangeRequest, 'grants'>;
  /** As it is, or as it begins. */
  readonly before: MemberSettings & Pick<Member, 'kind'>;
}

/** What is to be set, once everything newly named is found in the tenant; 422 for what is not, 403 for whom the caller may not speak for. */
export async function checkedSettings(
  sql: TenantSql,
  { caller, request, before }: Question,
): Promise<MemberSettings> {
  if (before.kind === 'human') refuseOfPeople(request);
  const { name, groups, disabled } = request;
  const ownerId = request.owner_id === undefined ? before.ownerId : request.owner_id;
  const mayActFor = request.may_act_for ?? before.mayActFor;
  if (ownerId !== before.ownerId)
    await requireSubjects(sql, { caller, ids: ownerId === null ? [] : [ownerId], field: 'owner_id' });
  const added = mayActFor.filter(id => !before.mayActFor.includes(id));
  await requireSubjects(sql, { caller, ids: added, field: 'may_act_for' });
  return {
    name: name ?? before.name,
    ownerId,
    groups: groups ?? before.groups,
    mayActFor,
    disabled: disabled ?? before.disabled,
  };
}

/** As an agent begins, it belongs to the person who makes it. */
export async function beginningOf(
  sql: TenantSql,
  { caller, name, kind }: { caller: Principal; name: string; kind: Member['kind'] },
): Promise<Question['before']> {
  const [person] = await principalsAmong(sql, { ids: [caller.personId], kind: 'human' });
  const ownerId = kind === 'agent' ? (person ?? null) : null;
  return { name, kind, ownerId, groups: [], mayActFor: [], disabled: false };
}

/** Throws 422 where a role is to be given in a project that is not there. */
export async function requireProjects(sql: TenantSql, grants: readonly Grant[]): Promise<void> {
  const known = new Set(
    await projectsAmong(
      sql,
      grants.flatMap(({ project }) => project ?? []),
    ),
  );
  const unknown = grants.find(({ project }) => project !== null && !known.has(project));
  if (unknown === undefined) return;
  const message = `names the project ${unknown.project}, which is not there; make it first`;
  throw unprocessableRequest('', [{ path: ['grants'], message }]);
}

function refuseOfPeople({ owner_id, may_act_for = [] }: Question['request']): void {
  const issues = [
    ...(owner_id ? [{ path: ['owner_id'], message: 'a person has no owner; only an agent has' }] : []),
    ...(may_act_for.length > 0
      ? [{ path: ['may_act_for'], message: 'a person acts for nobody else; delegate approvals instead' }]
      : []),
  ];
  if (issues.length > 0) throw unprocessableRequest('', issues);
}

/** An agent speaks for whom it belongs to or may act for, so only who may change those may name them. */
async function requireSubjects(
  sql: TenantSql,
  { caller, ids, field }: { caller: Principal; ids: readonly string[]; field: string },
): Promise<void> {
  const others = ids.filter(id => id !== caller.personId);
  if (others.length > 0) requireSettingRight(caller);
  for (const id of others) {
    const subject = await findMember(sql, id);
    if (!subject || (field === 'owner_id' && subject.kind !== 'human'))
      throw unprocessableRequest('', [
        { path: [field], message: `names ${id}, who is no person of the tenant` },
      ]);
    requireRightOver(caller, subject);
  }
}
