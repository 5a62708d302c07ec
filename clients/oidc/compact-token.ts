import { TokenRefused } from './refusal.ts';

/** A JSON object that nobody has vouched for yet. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token taken apart. Nothing of it is true before its signature was verified. */
export interface CompactToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly type: string | undefined;
  readonly claims: Claims;
}

/** All headers of a request have 16 KiB together. */
const MOST_BYTES = 12_288;

/** What would have the verifier take its key, or its rules, from the token itself. RFC 8725 sections 2.6, 3.1, 3.10. */
const FORBIDDEN = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'cty', 'enc'];

/** Takes a token apart as RFC 7515 writes it, with no leniency: what one reader takes and another refuses is refused. */
export function readCompactToken(token: string): CompactToken {
  if (token.length > MOST_BYTES) throw new TokenRefused('too_large');
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) throw new TokenRefused('not_signed');
  if (![header, payload, signature].every(isBase64Url)) throw new TokenRefused('not_base64url');
  const head = objectOf(header) ?? refuse('header_unreadable');
  const { alg, kid, typ } = head;
  if (typeof alg !== 'string') throw new TokenRefused('algorithm_not_allowed');
  if (FORBIDDEN.some(name => Object.hasOwn(head, name))) throw new TokenRefused('header_not_allowed');
  if (!isTextOrMissing(kid) || !isTextOrMissing(typ)) throw new TokenRefused('header_unreadable');
  return { algorithm: alg, keyId: kid, type: typ, claims: objectOf(payload) ?? refuse('payload_unreadable') };
}

/** Whether a part is written in the one way there is: the same bytes in other letters are another token to a cache. */
function isBase64Url(part: string): boolean {
  return /^[\w-]+$/.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function objectOf(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(part, 'base64url')));
    return isObject(value) ? value : undefined;
  } catch (error) {
    // Both mean the same to the caller: bytes that are no UTF-8, text that is no JSON.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(reason: 'header_unreadable' | 'payload_unreadable'): never {
  throw new TokenRefused(reason);
}
