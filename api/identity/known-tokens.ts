import { hash } from 'node:crypto';
import { TokenRefused } from '../../clients/oidc/refusal.ts';
import type { TokenVerifier, VerifiedToken } from '../../clients/oidc/token-verifier.ts';
import { appendAudit } from '../../db/audit.ts';
import type { Database } from '../../db/database.ts';
import { type Hearing, KeptReads } from '../../db/kept-reads.ts';
import type { KnownPrincipals } from '../../db/known-principals.ts';
import { ensureLogin, findLogin, keepClaims } from '../../db/logins.ts';
import type { KeptPrincipal } from '../../db/principals.ts';
import { findTenant } from '../../db/tenants.ts';
import type { NewAuditRecord } from '../../domain/audit.ts';
import type { Grant, Principal } from '../../domain/principal.ts';
import { ProblemError } from '../http/problem.ts';
import { refusedCredential, refusedToken } from './refused.ts';

/** A token that was verified, and whose login it is. */
interface KnownToken {
  readonly verified: VerifiedToken;
  readonly principalId: string;
  /** Who acts in that one's place. */
  readonly actorId: string | undefined;
}

interface Parts {
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  readonly database: Pick<Database, 'inTenant' | 'forTenant'>;
  readonly principals: KnownPrincipals;
  readonly hearing: Hearing;
}

/** Far more tokens than come to one process within five minutes. */
const MOST_TOKENS = 10_000;
/** A key that its issuer has withdrawn verifies nothing for longer than this. */
const KEPT_MS = 300_000;

/**
 * Tells whose token it is, from memory where it was verified lately. What its principal may do beside what the token
 * claims, and whether it is disabled, is asked anew for each request and kept elsewhere.
 */
export class KnownTokens {
  readonly #parts: Parts;
  readonly #kept: KeptReads<KnownToken>;
  /** Tokens by the principals they lead to, so that a login that moves to another principal is looked up again. */
  readonly #leadingTo = new Map<string, Set<string>>();
  #announcements = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#kept = new KeptReads(parts.hearing, { mostEntries: MOST_TOKENS, keptMs: KEPT_MS });
    parts.hearing.announced.on('principal', ({ tenant, principal }) => {
      this.#announcements += 1;
      this.#forget(`${tenant}/${principal}`);
    });
  }

  /** Whose token this is, or why it is refused. */
  async authenticate(token: string): Promise<Principal | ProblemError> {
    // Only its hash is kept: what is in memory cannot be used elsewhere.
    const key = hash('sha256', token, 'base64url');
    try {
      const known = this.#kept.peek(key) ?? (await this.#kept.read(key, () => this.#read(token, key)));
      if (!known) return refusedCredential('There is no tenant by the name that the token claims.');
      if (known.verified.expiresAt <= Date.now() / 1000) return refusedToken(new TokenRefused('expired'));
      return await this.#principalOf(known);
    } catch (error) {
      if (error instanceof TokenRefused) return refusedToken(error);
      if (error instanceof ProblemError) return error;
      throw error;
    }
  }

  async #read(token: string, key: string): Promise<KnownToken | undefined> {
    const before = this.#announcements;
    const verified = await this.#parts.verifier.verify(token);
    const { tenantId, actor } = verified;
    const principalId = await this.#logIn(verified);
    if (principalId === undefined) return undefined;
    const actorId = actor && (await findLogin(this.#parts.database.forTenant(tenantId), actor));
    if (actor && actorId === undefined)
      throw refusedCredential('Nobody is known by the login in its act claim.');
    const known = { verified, principalId, actorId };
    if (this.#announcements !== before) this.#kept.drop(key);
    else this.#remember(known, key);
    return known;
  }

  /** The first token of somebody makes their principal; the newest one's claims are kept with it. */
  async #logIn(verified: VerifiedToken): Promise<string | undefined> {
    const { tenantId, issuer, subject, name, kind, grants, groups } = verified;
    const issuedAt = new Date(verified.issuedAt * 1000);
    return this.#parts.database.inTenant(tenantId, async sql => {
      if (!(await findTenant(sql, tenantId))) return undefined;
      const { principalId, made } = await ensureLogin(sql, { issuer, subject, name, kind });
      const changed = await keepClaims(sql, principalId, { name, kind, grants, groups, issuedAt });
      if (made || changed) await appendAudit(sql, loginRecord(verified, { principalId, made }));
      return principalId;
    });
  }

  async #principalOf(known: KnownToken): Promise<Principal | ProblemError> {
    const { tenantId } = known.verified;
    const subject = await this.#parts.principals.find(tenantId, known.principalId);
    if (!subject || subject.disabled)
      return refusedCredential('Whoever it was issued to is disabled.', tenantId);
    const self = principalOf(known.verified, subject);
    if (known.actorId === undefined) return self;
    const actor = await this.#parts.principals.find(tenantId, known.actorId);
    if (!actor || actor.disabled || actor.kind !== 'agent')
      return refusedCredential('Whoever acts by it is no agent, or is disabled.', tenantId);
    return actingFor(actor, self);
  }

  #remember({ verified: { tenantId }, principalId, actorId }: KnownToken, key: string): void {
    // Bounded like what is kept; whatever is forgotten here as well is read anew.
    if (this.#leadingTo.size > MOST_TOKENS) this.#forgetAll();
    for (const id of [principalId, ...(actorId === undefined ? [] : [actorId])]) {
      const tokens = this.#leadingTo.get(`${tenantId}/${id}`) ?? new Set();
      this.#leadingTo.set(`${tenantId}/${id}`, tokens.add(key));
    }
  }

  #forget(principal: string): void {
    for (const key of this.#leadingTo.get(principal) ?? []) this.#kept.drop(key);
    this.#leadingTo.delete(principal);
  }

  #forgetAll(): void {
    for (const principal of [...this.#leadingTo.keys()]) this.#forget(principal);
  }
}

function principalOf(verified: VerifiedToken, kept: KeptPrincipal): Principal {
  const { tenantId, acr, issuer, groups } = verified;
  const grants = together(verified.grants, kept.granted);
  return {
    id: kept.id,
    name: verified.name,
    kind: kept.kind,
    tenantId,
    roles: [...new Set(grants.map(({ role }) => role))],
    grants,
    groups: [...groups],
    personId: kept.ownerId ?? kept.id,
    ...(acr !== undefined && { acr }),
    credential: { kind: 'token', id: issuer, expiresAt: new Date(verified.expiresAt * 1000).toISOString() },
  };
}

/** How the person was authenticated is left out: it was not them who sent this. */
function actingFor(actor: KeptPrincipal, person: Principal): Principal {
  const { id, name, grants, groups, tenantId, credential } = person;
  return {
    id: actor.id,
    name: actor.name,
    kind: actor.kind,
    tenantId,
    roles: [...new Set(actor.grants.map(({ role }) => role))],
    grants: actor.grants,
    groups: actor.groups,
    personId: id,
    ...(actor.ownerId !== null && { ownerId: actor.ownerId }),
    onBehalfOf: { id, name, grants, groups },
    credential,
  };
}

function together(claimed: readonly Grant[], granted: readonly Grant[]): Grant[] {
  const isClaimed = ({ role, project }: Grant) =>
    claimed.some(each => each.role === role && each.project === project);
  return [...claimed, ...granted.filter(grant => !isClaimed(grant))];
}

function loginRecord(
  { name, kind, issuer, subject, grants, groups }: VerifiedToken,
  { principalId, made }: { principalId: string; made: boolean },
): NewAuditRecord {
  const roles = grants.map(({ role, project }) => (project === null ? role : `${role} in ${project}`));
  return {
    actor: { id: principalId, name, kind, on_behalf_of: null, credential: issuer },
    action: made ? 'principal.first_login' : 'principal.claims',
    object: { kind: 'principal', id: principalId, name },
    outcome: 'succeeded',
    details: { subject, roles: roles.join(', '), groups: groups.join(', ') },
  };
}
