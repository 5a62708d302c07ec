import { type CryptoKey, compactVerify, errors } from 'jose';
import { type Issuer, SigningAlgorithm } from '../../domain/identity.ts';
import { type Meaning, meaningOf } from './claims.ts';
import { type Claims, type CompactToken, readCompactToken } from './compact-token.ts';
import { type IssuerKeys, publishedKeys } from './issuer-keys.ts';
import { TokenRefused } from './refusal.ts';

/** What a good token says, by the installation's mapping. */
export interface VerifiedToken extends Meaning {
  readonly issuer: string;
  readonly subject: string;
  /** Seconds since 1970, as `exp` and `iat` are; a token that states no `iat` counts as issued when it is verified. */
  readonly expiresAt: number;
  readonly issuedAt: number;
}

/** How an issuer's tokens are checked; its name need not be an address where its keys are known. */
export interface TrustedIssuer {
  readonly settings: Issuer;
  readonly keys: IssuerKeys;
}

const LONGEST_SUBJECT = 255;
/** Keycloak states in the claims what a token is for, and signs all of them alike. */
const NOT_FOR_ACCESS: ReadonlySet<unknown> = new Set(['ID', 'Refresh', 'Offline', 'Logout']);

/** An issuer that publishes its keys. */
export function trust(settings: Issuer): TrustedIssuer {
  const { issuer, jwks_uri: jwksUri } = settings;
  return { settings, keys: publishedKeys({ issuer, jwksUri }) };
}

/** Verifies tokens in an order in which nothing that is not yet trusted causes anything: no key is read for a stranger. */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly #now: () => number;

  constructor(issuers: readonly TrustedIssuer[], { now = () => Date.now() / 1000 } = {}) {
    this.#issuers = new Map(issuers.map(each => [each.settings.issuer, each]));
    this.#now = now;
  }

  /** What the token says; throws `TokenRefused` with the check that failed. */
  async verify(token: string): Promise<VerifiedToken> {
    const parts = readCompactToken(token);
    const known = SigningAlgorithm.safeParse(parts.algorithm);
    if (!known.success) throw new TokenRefused('algorithm_not_allowed');
    const algorithm = known.data;
    const { settings, keys } = this.#issuerOf(parts);
    requireAllowed(parts, { settings, algorithm });
    const key = await keys.find({ keyId: parts.keyId, algorithm });
    await requireSignature(token, { key, algorithm });
    return this.#read(parts.claims, settings);
  }

  #issuerOf({ claims }: CompactToken): TrustedIssuer {
    const issuer = typeof claims['iss'] === 'string' ? this.#issuers.get(claims['iss']) : undefined;
    if (!issuer) throw new TokenRefused('issuer_not_allowed');
    return issuer;
  }

  #read(claims: Claims, settings: Issuer): VerifiedToken {
    requireAudience(claims, settings);
    const now = this.#now();
    const { expiresAt, issuedAt } = requireTime(claims, { settings, now });
    const { sub } = claims;
    if (NOT_FOR_ACCESS.has(claims['typ'])) throw new TokenRefused('not_an_access_token');
    if (!isSubject(sub)) throw new TokenRefused('no_subject');
    return { issuer: settings.issuer, subject: sub, expiresAt, issuedAt, ...meaningOf(claims, settings) };
  }
}

function requireAllowed(
  { type }: CompactToken,
  { settings, algorithm }: { settings: Issuer; algorithm: SigningAlgorithm },
): void {
  if (!settings.algorithms.includes(algorithm)) throw new TokenRefused('algorithm_not_allowed');
  // RFC 7515, section 4.1.9: the part before the slash may be left out, and case does not count.
  const stated = (type ?? 'missing').toLowerCase().replace(/^application\//, '');
  const allowed = settings.types.map(each => each.toLowerCase());
  if (!allowed.includes(stated)) throw new TokenRefused('type_not_allowed');
}

async function requireSignature(
  token: string,
  { key, algorithm }: { key: CryptoKey; algorithm: SigningAlgorithm },
): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw new TokenRefused('signature_wrong', { cause: error });
    throw error;
  }
}

function requireAudience({ aud }: Claims, { audience }: Issuer): void {
  const ours = Array.isArray(audience) ? audience : [audience];
  const theirs = Array.isArray(aud) ? aud : [aud];
  if (!theirs.some(each => ours.includes(each))) throw new TokenRefused('audience_wrong');
}

function requireTime(
  { exp, nbf, iat }: Claims,
  { settings, now }: { settings: Issuer; now: number },
): { expiresAt: number; issuedAt: number } {
  const { clock_tolerance_seconds: tolerance, max_token_age_seconds: oldest } = settings;
  if (!isTime(exp)) throw new TokenRefused('no_expiry');
  if (exp <= now - tolerance) throw new TokenRefused('expired');
  if (nbf !== undefined && !(isTime(nbf) && nbf <= now + tolerance)) throw new TokenRefused('not_yet_valid');
  if (iat !== undefined && !(isTime(iat) && iat <= now + tolerance))
    throw new TokenRefused('issued_in_future');
  if (oldest !== undefined && !(isTime(iat) && iat > now - oldest - tolerance))
    throw new TokenRefused('too_old');
  const tooOldAt = oldest !== undefined && isTime(iat) ? iat + oldest : exp;
  return { expiresAt: Math.min(exp, tooOldAt) + tolerance, issuedAt: isTime(iat) ? iat : now };
}

/** Of the years that JavaScript and PostgreSQL can both tell. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 253_402_300_800;
}

function isSubject(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= LONGEST_SUBJECT &&
    value.isWellFormed() &&
    !value.includes('\0')
  );
}
