import { sql } from 'kysely';
import { newId } from '../domain/ids.ts';
import type { Grant } from '../domain/principal.ts';
import { OWN_TENANT } from './own-tenant.ts';
import { BY_CLAIM } from './principals.ts';
import type { TenantSql } from './tables.ts';

/** By what an issuer of tokens knows somebody. */
export interface Login {
  readonly issuer: string;
  readonly subject: string;
}

/** What a token claims of whoever it was issued to. */
export interface LoginClaims extends Login {
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly grants: readonly Grant[];
  readonly groups: readonly string[];
  readonly issuedAt: Date;
}

/** Whose login this is; nothing while nobody has come with it. */
export async function findLogin(db: TenantSql, { issuer, subject }: Login): Promise<string | undefined> {
  const row = await db
    .selectFrom('logins')
    .select('principal_id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row?.principal_id;
}

/**
 * Makes the principal of a login that comes for the first time, within a transaction, and answers whether it did.
 * Two first tokens of one login at a time make one principal: the second waits here for the first.
 */
export async function ensureLogin(
  db: TenantSql,
  { name, kind, ...login }: Login & Pick<LoginClaims, 'name' | 'kind'>,
): Promise<{ readonly principalId: string; readonly made: boolean }> {
  await sql`select pg_advisory_xact_lock(hashtextextended(
    jsonb_build_array(${OWN_TENANT}, ${login.issuer}::text, ${login.subject}::text)::text, 7))`.execute(db);
  const known = await findLogin(db, login);
  if (known !== undefined) return { principalId: known, made: false };
  const principalId = newId('principal');
  await db.insertInto('principals').values({ id: principalId, name, kind }).execute();
  await insertLogin(db, { ...login, principalId });
  return { principalId, made: true };
}

/** Keeps what the newest token of a principal claims; an older token changes nothing. Answers whether something changed. */
export async function keepClaims(
  db: TenantSql,
  principalId: string,
  { name, grants, groups, issuedAt }: Omit<LoginClaims, keyof Login>,
): Promise<boolean> {
  const everywhere = grants.filter(({ project }) => project === null).map(({ role }) => role);
  const inProjects = JSON.stringify(grants.filter(({ project }) => project !== null));
  const { rows } = await sql<{ changed: boolean }>`
    with newest as materialized (
      select id from principals
      where id = ${principalId} and (claimed_at is null or claimed_at <= ${issuedAt}) for update
    ), claimed as (
      select role, project from jsonb_to_recordset(${inProjects}::jsonb) as c (role text, project text)
    ), described as (
      update principals p set name = ${name}, claimed_roles = ${everywhere}::text[], groups = ${[...groups]}::text[],
        claimed_at = ${issuedAt}
      from newest n where p.id = n.id and (p.name, p.claimed_roles, p.groups)
        is distinct from (${name}::text, ${everywhere}::text[], ${[...groups]}::text[])
      returning p.id
    ), confirmed as (
      update principals p set claimed_at = ${issuedAt}
      from newest n where p.id = n.id and not exists (select from described)
    ), taken as (
      delete from role_grants g using newest n
      where g.principal_id = n.id and g.granted_by = ${BY_CLAIM} and not exists (
        select from claimed c where c.role = g.role and c.project = g.project)
      returning g.principal_id
    ), given as (
      insert into role_grants (principal_id, role, project, granted_by)
      select n.id, c.role, c.project, ${BY_CLAIM} from newest n, claimed c on conflict do nothing
      returning principal_id
    )
    select exists (select from described) or exists (select from taken) or exists (select from given) as changed`.execute(
    db,
  );
  return rows[0]?.changed ?? false;
}

/** What became of linking a login: of a principal that already has it, nothing changes. */
export type Linked =
  | { readonly answer: 'linked' | 'linked_already' | 'no_such_principal' }
  | { readonly answer: 'has_keys'; readonly principalId: string };

/**
 * Makes a login one of this principal, within a transaction, so that whoever comes with it is this person. The
 * principal its first token had made is disabled when nothing else leads to it; while it has keys it is not touched,
 * because they would be somebody else's.
 */
export async function linkLogin(
  db: TenantSql,
  { principalId, ...login }: Login & { readonly principalId: string },
): Promise<Linked> {
  const target = await db
    .selectFrom('principals')
    .select('id')
    .where('id', '=', principalId)
    .executeTakeFirst();
  if (!target) return { answer: 'no_such_principal' };
  const before = await findLogin(db, login);
  if (before === principalId) return { answer: 'linked_already' };
  if (before !== undefined) {
    if (await hasLiveKeys(db, before)) return { answer: 'has_keys', principalId: before };
    await removeLogin(db, login);
    await disableWithoutLogin(db, before);
  }
  await insertLogin(db, { ...login, principalId });
  return { answer: 'linked' };
}

async function insertLogin(db: TenantSql, login: Login & { principalId: string }): Promise<void> {
  const { issuer, subject, principalId } = login;
  await db.insertInto('logins').values({ issuer, subject, principal_id: principalId }).execute();
}

async function removeLogin(db: TenantSql, { issuer, subject }: Login): Promise<void> {
  await db.deleteFrom('logins').where('issuer', '=', issuer).where('subject', '=', subject).execute();
}

async function hasLiveKeys(db: TenantSql, principalId: string): Promise<boolean> {
  const live = await db
    .selectFrom('api_keys')
    .select('key_id')
    .where('principal_id', '=', principalId)
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`)
    .executeTakeFirst();
  return live !== undefined;
}

async function disableWithoutLogin(db: TenantSql, principalId: string): Promise<void> {
  await db
    .updateTable('principals')
    .set({ disabled_at: sql<Date>`now()` })
    .where('id', '=', principalId)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('logins').select('subject').where('principal_id', '=', principalId))),
    )
    .execute();
}
