import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import {
  addGrant,
  addMember,
  changeMember,
  countMemberChange,
  removeGrant,
} from '../../db/member-changes.ts';
import { findMember, hasAdmin, type Member, type MemberSettings, pageOfMembers } from '../../db/members.ts';
import { lockOwn } from '../../db/own-tenant.ts';
import type { TenantSql } from '../../db/tables.ts';
import { newId } from '../../domain/ids.ts';
import type { Grant, Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { type ExpectedVersions, requireVersion } from '../http/etag.ts';
import { claim } from '../http/idempotency.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { requireGrantRight, requireRightOver, requireSettingRight } from './member-rights.ts';
import { beginningOf, checkedSettings, requireProjects } from './member-settings.ts';
import type {
  MemberAnswer,
  MemberChangeRequest,
  MemberCreateRequest,
  MemberListQuery,
} from './members.schemas.ts';

interface MemberCommand {
  readonly caller: Principal;
  readonly by: Author;
}

interface MemberChange extends MemberCommand {
  readonly memberId: string;
  readonly expected: ExpectedVersions;
}

/** A member and the version its ETag tells. */
interface Versioned {
  readonly body: MemberAnswer;
  readonly version: number;
}

/** People and service principals of the caller’s tenant, and their roles. They are plain settings. */
export class MembersService {
  readonly #database: Pick<Database, 'forTenant' | 'inTenant'>;

  constructor(database: Pick<Database, 'forTenant' | 'inTenant'>) {
    this.#database = database;
  }

  async list({ tenantId }: Principal, query: MemberListQuery) {
    const { project, role, kind } = query;
    const filter = { project, role, kind };
    const page = await pageOfMembers(this.#database.forTenant(tenantId), { filter, ...pageRequest(query) });
    return pageAnswer({ ...page, items: page.items.map(answerOf) });
  }

  async read({ tenantId }: Principal, memberId: string): Promise<Versioned> {
    return versioned(await found(this.#database.forTenant(tenantId), memberId));
  }

  async create({
    caller,
    by,
    request,
    key,
  }: MemberCommand & { request: MemberCreateRequest; key: string | undefined }): Promise<
    Begun<MemberAnswer>
  > {
    return this.#database.inTenant(caller.tenantId, async sql => {
      const ids = { memberId: newId('principal') };
      const command = { caller, key, route: 'POST /v1/members', body: request, ids };
      const claimed = await claim({ forTenant: () => sql }, command);
      const { memberId } = claimed.ids;
      if (!claimed.replayed) await make(sql, { caller, by, request, memberId });
      const { body } = versioned(await found(sql, memberId));
      return { body, location: `/v1/members/${memberId}`, replayed: claimed.replayed };
    });
  }

  /** What is left out stays as it is, and so do roles the caller cannot see. */
  async change(request: MemberChangeRequest, command: MemberChange): Promise<Versioned> {
    const { caller, by, memberId } = command;
    return this.#database.inTenant(caller.tenantId, async sql => {
      const before = await toChange(sql, command);
      const keepAnAdmin = await adminKeeper(sql, before);
      const settings = await checkedSettings(sql, { caller, request, before });
      if (differs(before, settings)) {
        requireRightOver(caller, before);
        await changeMember(sql, { id: memberId, ...settings }, by);
      }
      const { grants = before.grants } = request;
      const given = without(grants, before.grants);
      const taken = without(before.grants, grants);
      requireGrantRight(caller, [...given, ...taken]);
      await setGrants(sql, { memberId, given, taken, by });
      await keepAnAdmin();
      await countMemberChange(sql, memberId);
      // Whoever took away the last role they could see there sees the member no more.
      const after = await findMember(sql, memberId);
      return versioned(after ?? { ...before, grants, version: before.version + 1 });
    });
  }

  /** A member is never removed, because its history names it: it is disabled, and its keys and logins are of no use. */
  async disable(command: MemberChange): Promise<void> {
    const { caller, by, memberId } = command;
    await this.#database.inTenant(caller.tenantId, async sql => {
      const before = await toChange(sql, command);
      requireRightOver(caller, before);
      if (before.disabled) return;
      const keepAnAdmin = await adminKeeper(sql, before);
      await changeMember(sql, { ...before, id: memberId, disabled: true }, by);
      await keepAnAdmin();
      await countMemberChange(sql, memberId);
    });
  }
}

async function make(
  sql: TenantSql,
  { caller, by, request, memberId }: MemberCommand & { request: MemberCreateRequest; memberId: string },
): Promise<void> {
  const { name, kind, grants = [], groups = [], may_act_for = [] } = request;
  if (grants.length === 0 || groups.length > 0 || may_act_for.length > 0) requireSettingRight(caller);
  requireGrantRight(caller, grants);
  const before = await beginningOf(sql, { caller, name, kind });
  const settings = await checkedSettings(sql, { caller, request, before });
  await addMember(sql, { id: memberId, kind, ...settings }, by);
  await setGrants(sql, { memberId, given: without(grants, []), taken: [], by });
}

async function toChange(sql: TenantSql, { memberId, expected }: MemberChange): Promise<Member> {
  await lockOwn(sql, 'members');
  const before = await found(sql, memberId);
  requireVersion(expected, before.version);
  return before;
}

async function setGrants(
  sql: TenantSql,
  of: { memberId: string; given: readonly Grant[]; taken: readonly Grant[]; by: Author },
): Promise<void> {
  const { memberId, given, taken, by } = of;
  await requireProjects(sql, given);
  for (const grant of taken) await removeGrant(sql, { memberId, grant }, by);
  for (const grant of given) await addGrant(sql, { memberId, grant }, by);
}

/**
 * What throws once the change would leave the tenant without an administrator it has now: nobody could ever give anybody
 * a role again.
 */
async function adminKeeper(sql: TenantSql, { name }: Member): Promise<() => Promise<void>> {
  const hadOne = await hasAdmin(sql);
  return async () => {
    if (!hadOne || (await hasAdmin(sql))) return;
    throw new ProblemError(
      'last_admin',
      `Without ${name} the tenant would have no administrator. Make somebody else tenant_admin in all projects first.`,
    );
  };
}

async function found(sql: TenantSql, memberId: string): Promise<Member> {
  const member = await findMember(sql, memberId);
  if (!member) throw notFound('member', memberId);
  return member;
}

function differs(before: MemberSettings, after: MemberSettings): boolean {
  const text = ({ name, ownerId, groups, mayActFor, disabled }: MemberSettings) =>
    JSON.stringify([name, ownerId, [...groups].sort(), [...mayActFor].sort(), disabled]);
  return text(before) !== text(after);
}

/** The first list without what the second has, each once. */
function without(grants: readonly Grant[], others: readonly Grant[]): Grant[] {
  const keyOf = ({ role, project }: Grant) => `${role} ${project ?? ''}`;
  const known = new Set(others.map(keyOf));
  return [...new Map(grants.map(grant => [keyOf(grant), grant])).values()].filter(
    grant => !known.has(keyOf(grant)),
  );
}

function versioned(member: Member): Versioned {
  return { body: answerOf(member), version: member.version };
}

function answerOf(member: Member): MemberAnswer {
  const { id, name, kind, groups, disabled, grants, claimed } = member;
  return {
    id,
    tenant_id: member.tenantId,
    name,
    kind,
    owner_id: member.ownerId,
    groups,
    may_act_for: member.mayActFor,
    disabled,
    grants,
    claimed,
    created_at: member.createdAt.toISOString(),
    last_seen_at: member.lastSeenAt?.toISOString() ?? null,
  };
}
