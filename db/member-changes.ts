import { sql } from 'kysely';
import type { Grant } from '../domain/principal.ts';
import { appendAudit } from './audit.ts';
import type { Author } from './author.ts';
import { findMember, type Member, type MemberSettings } from './members.ts';
import { BY_CLAIM } from './principals.ts';
import type { TenantSql } from './tables.ts';

/** A change of what a member may do. */
interface GrantChange {
  readonly memberId: string;
  readonly grant: Grant;
}

/** Makes a member without any role. */
export async function addMember(
  db: TenantSql,
  { id, kind, ...settings }: MemberSettings & Pick<Member, 'id' | 'kind'>,
  by: Author,
): Promise<void> {
  await db
    .insertInto('principals')
    .values({ id, kind, ...columnsOf(settings) })
    .execute();
  await recordMember(db, { id, action: 'member.create', settings }, by);
}

/** Changes what is set of a member; within a transaction that holds the lock. */
export async function changeMember(
  db: TenantSql,
  { id, ...settings }: MemberSettings & Pick<Member, 'id'>,
  by: Author,
): Promise<void> {
  const since = settings.disabled ? sql<Date>`coalesce(disabled_at, now())` : null;
  await db
    .updateTable('principals')
    .set({ ...columnsOf(settings), disabled_at: since })
    .where('id', '=', id)
    .execute();
  await recordMember(
    db,
    { id, action: settings.disabled ? 'member.disable' : 'member.change', settings },
    by,
  );
}

/** Counts a change of a member, for its ETag. */
export async function countMemberChange(db: TenantSql, memberId: string): Promise<void> {
  await db
    .updateTable('principals')
    .set({ version: sql<number>`version + 1` })
    .where('id', '=', memberId)
    .execute();
}

/** Gives a member a role for good: what its token claims is from now on granted too. Answers whether that is new. */
export async function addGrant(
  db: TenantSql,
  { memberId, grant }: GrantChange,
  by: Author,
): Promise<boolean> {
  await grantRows(db, { memberId, grant }).where('granted_by', '=', BY_CLAIM).execute();
  const made = await db
    .insertInto('role_grants')
    .values({ principal_id: memberId, ...grant, granted_by: by.actor.id })
    .onConflict(conflict => conflict.doNothing())
    .returning('role')
    .executeTakeFirst();
  if (made === undefined) return false;
  await recordGrant(db, { memberId, grant, action: 'role.grant' }, by);
  return true;
}

/** Takes a role away; answers whether the member had been granted it. */
export async function removeGrant(
  db: TenantSql,
  { memberId, grant }: GrantChange,
  by: Author,
): Promise<boolean> {
  const { numDeletedRows } = await grantRows(db, { memberId, grant })
    .where('granted_by', 'is distinct from', BY_CLAIM)
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  await recordGrant(db, { memberId, grant, action: 'role.revoke' }, by);
  return true;
}

function grantRows(db: TenantSql, { memberId, grant }: GrantChange) {
  return db
    .deleteFrom('role_grants')
    .where('principal_id', '=', memberId)
    .where('role', '=', grant.role)
    .where('project', 'is not distinct from', grant.project);
}

function columnsOf({ name, ownerId, groups, mayActFor, disabled }: MemberSettings) {
  return {
    name,
    owner_id: ownerId,
    groups: [...groups],
    may_act_for: [...mayActFor],
    disabled_at: disabled ? sql<Date>`now()` : null,
  };
}

async function recordMember(
  db: TenantSql,
  { id, action, settings }: { id: string; action: string; settings: MemberSettings },
  by: Author,
): Promise<void> {
  const { name, ownerId, groups, mayActFor, disabled } = settings;
  await appendAudit(db, {
    ...by,
    action,
    object: { kind: 'member', id, name },
    outcome: 'succeeded',
    details: { owner_id: ownerId, groups: groups.join(', '), may_act_for: mayActFor.join(', '), disabled },
  });
}

async function recordGrant(
  db: TenantSql,
  { memberId, grant, action }: GrantChange & { action: string },
  by: Author,
): Promise<void> {
  const { role, project } = grant;
  await appendAudit(db, {
    ...by,
    action,
    object: { kind: 'member', id: memberId, name: (await findMember(db, memberId))?.name ?? null },
    project,
    outcome: 'succeeded',
    details: { role },
  });
}
