import type { ClaimPath, Issuer, RoleRule } from '../../domain/identity.ts';
import type { Grant } from '../../domain/principal.ts';
import { SYSTEM_TENANT, TenantId } from '../../domain/tenant.ts';
import { type Claims, isObject } from './compact-token.ts';
import { TokenRefused } from './refusal.ts';

/** What claims mean here: of which tenant somebody is, and with which roles and groups. */
export interface Meaning {
  readonly tenantId: string;
  readonly name: string;
  readonly kind: 'human' | 'agent';
  readonly grants: readonly Grant[];
  readonly groups: readonly string[];
  /** How they were authenticated, in the issuer's word. */
  readonly acr?: string;
  /** Who acts in the subject's place (RFC 8693, section 4.1). */
  readonly actor?: { readonly issuer: string; readonly subject: string };
}

const LONGEST_NAME = 100;
const LONGEST_GROUP = 255;
const MOST_GROUPS = 500;

/** Reads verified claims by the installation's mapping. What the mapping does not name gives nothing. */
export function meaningOf(claims: Claims, issuer: Omit<Issuer, 'algorithms'>): Meaning {
  const groups = groupsOf(claims, issuer);
  const { acr } = claims;
  const actor = actorOf(claims, issuer.issuer);
  return {
    tenantId: tenantOf(claims, issuer.tenant),
    name: nameOf(claims, issuer.name_claim),
    kind: isService(claims) ? 'agent' : 'human',
    grants: grantsOf(claims, { rules: issuer.roles, groups }),
    groups,
    ...(isText(acr) && { acr }),
    ...(actor && { actor }),
  };
}

/** The value at a path; a claim of exactly that name comes before a path with dots. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  if (typeof path === 'string' && Object.hasOwn(claims, path)) return claims[path];
  const steps = typeof path === 'string' ? path.split('.') : path;
  return steps.reduce<unknown>(
    (value, step) => (isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    claims,
  );
}

function tenantOf(claims: Claims, tenant: Issuer['tenant']): string {
  if ('fixed' in tenant) return usableTenant(tenant.fixed);
  const [claimed, ...others] = textsOf(claimAt(claims, tenant.claim));
  if (claimed === undefined || others.length > 0) throw new TokenRefused('no_tenant');
  if (!tenant.map) return usableTenant(claimed);
  return usableTenant(Object.hasOwn(tenant.map, claimed) ? tenant.map[claimed] : undefined);
}

function usableTenant(tenantId: string | undefined): string {
  const { data } = TenantId.safeParse(tenantId);
  if (data === undefined || data === SYSTEM_TENANT) throw new TokenRefused('no_tenant');
  return data;
}

function nameOf(claims: Claims, path: ClaimPath): string {
  const candidates = [claimAt(claims, path), claims['name'], claims['email'], claims['client_id']];
  const name = candidates.find(isText) ?? String(claims['sub']);
  return (
    name
      .replaceAll(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, LONGEST_NAME) || 'without a name'
  );
}

/** A client that acts for itself: its subject is the client (RFC 9068, section 2.2), or Keycloak's name for one. */
function isService({ sub, client_id: client, azp, preferred_username: username }: Claims): boolean {
  return sub === client || sub === azp || (isText(username) && username.startsWith('service-account-'));
}

/**
 * Groups by their whole path: Keycloak writes "/platform-admins", others "group:platform-admins". Only the first slash
 * goes; the last word of a longer path is another group, which somebody else may be free to name.
 */
function groupsOf(
  claims: Claims,
  { groups_claims: paths, group_prefix: prefix = '' }: Pick<Issuer, 'groups_claims' | 'group_prefix'>,
): string[] {
  const stated = paths.flatMap(path => textsOf(claimAt(claims, path)));
  const ours = stated.filter(group => group.startsWith(prefix)).map(group => group.slice(prefix.length));
  const named = ours.map(group => group.replace(/^(\/|group:)/, '')).filter(isGroup);
  return [...new Set(named)].sort().slice(0, MOST_GROUPS);
}

function isGroup(group: string): boolean {
  return group !== '' && group.length <= LONGEST_GROUP;
}

function grantsOf(
  claims: Claims,
  { rules, groups }: { rules: readonly RoleRule[]; groups: readonly string[] },
): Grant[] {
  const granted = rules
    .filter(rule => applies(rule, { claims, groups }))
    .map(({ role, project = null }) => ({ role, project }));
  const distinct = new Map(granted.map(grant => [`${grant.role}/${grant.project ?? ''}`, grant]));
  return [...distinct.keys()].sort().flatMap(key => distinct.get(key) ?? []);
}

function applies(rule: RoleRule, { claims, groups }: { claims: Claims; groups: readonly string[] }): boolean {
  if ('group' in rule) return groups.includes(rule.group);
  const wanted = typeof rule.equals === 'string' ? [rule.equals] : rule.equals;
  return textsOf(claimAt(claims, rule.claim)).some(value => wanted.includes(value));
}

function actorOf({ act }: Claims, issuer: string): Meaning['actor'] {
  if (act === undefined) return undefined;
  // An issuer vouches for its own subjects only.
  if (!isObject(act) || !isText(act['sub']) || (act['iss'] ?? issuer) !== issuer)
    throw new TokenRefused('actor_malformed');
  return { issuer, subject: act['sub'] };
}

/** A text, or the texts of a list; anything else is nothing. */
function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(isText);
}

/** A text that can be kept: PostgreSQL takes neither NUL nor half a surrogate pair. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0');
}
