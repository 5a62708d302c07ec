import { type CryptoKey, importJWK, type JWK } from 'jose';
import type { SigningAlgorithm } from '../../domain/identity.ts';
import { type Claims, isObject } from './compact-token.ts';
import { fetchJson } from './json-fetch.ts';
import { fitsAlgorithm } from './key-strength.ts';
import { TokenRefused } from './refusal.ts';

/** Which key a token names. */
export interface KeyQuestion {
  readonly keyId: string | undefined;
  readonly algorithm: SigningAlgorithm;
}

/** The public keys of an issuer. */
export interface IssuerKeys {
  find(question: KeyQuestion): Promise<CryptoKey>;
}

/** After this the keys are read again before they are used. */
const GOOD_FOR_MS = 600_000;
/** While the issuer is away its keys of before are used this long. */
const USED_FOR_MS = 3_600_000;
/** However many tokens name unknown keys, the issuer is not asked more often. */
const COOLDOWN_MS = 30_000;

interface Timed {
  readonly now?: () => number;
}

/** Keys that are known from the start. */
export function staticKeys(keys: readonly Claims[]): IssuerKeys {
  const set = new KeySet(keys);
  return { find: question => set.find(question) };
}

/** Keys that the issuer publishes; where, its discovery document tells unless an address is given. */
export function publishedKeys(
  { issuer, jwksUri }: { issuer: string; jwksUri: string | undefined },
  { now = () => performance.now() }: Timed = {},
): IssuerKeys {
  return new PublishedKeys(async () => readKeySet(jwksUri ?? (await discover(issuer))), now);
}

class PublishedKeys implements IssuerKeys {
  readonly #read: () => Promise<KeySet>;
  readonly #now: () => number;
  #set: KeySet | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #trouble: unknown;

  constructor(read: () => Promise<KeySet>, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  async find(question: KeyQuestion): Promise<CryptoKey> {
    if (this.#now() - this.#readAt > GOOD_FOR_MS || !this.#set?.has(question)) await this.#ask();
    const usable = this.#now() - this.#readAt <= USED_FOR_MS;
    if (!this.#set || !usable) throw new TokenRefused('issuer_unreachable', { cause: this.#trouble });
    return this.#set.find(question);
  }

  /** Those who come while the issuer is asked wait for the same answer. */
  async #ask(): Promise<void> {
    if (this.#asking === undefined && this.#now() - this.#askedAt < COOLDOWN_MS) return;
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #askNow(): Promise<void> {
    this.#askedAt = this.#now();
    try {
      this.#set = await this.#read();
      this.#readAt = this.#now();
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
    }
  }
}

/** A set of keys as it was published, each imported when it is first asked for. */
class KeySet {
  readonly #keys: readonly Claims[];
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  constructor(keys: readonly Claims[]) {
    this.#keys = keys;
  }

  has({ keyId, algorithm }: KeyQuestion): boolean {
    return this.#candidates({ keyId, algorithm }).length > 0;
  }

  /** Exactly one key must be meant: of two with one id, nobody knows which the issuer means. */
  async find(question: KeyQuestion): Promise<CryptoKey> {
    const [key, ...others] = this.#candidates(question);
    if (!key) throw new TokenRefused('key_not_found');
    if (others.length > 0) throw new TokenRefused('key_ambiguous');
    const { algorithm } = question;
    if (!fitsAlgorithm(key, algorithm)) throw new TokenRefused('key_not_fit');
    return this.#import(key, algorithm);
  }

  /** A token that names no key means the only one that fits. */
  #candidates({ keyId, algorithm }: KeyQuestion): readonly Claims[] {
    if (keyId !== undefined) return this.#keys.filter(key => key['kid'] === keyId);
    return this.#keys.filter(key => fitsAlgorithm(key, algorithm));
  }

  #import(key: Claims, algorithm: SigningAlgorithm): Promise<CryptoKey> {
    const name = `${this.#keys.indexOf(key)} ${algorithm}`;
    const imported = this.#imported.get(name) ?? importPublic(key, algorithm);
    this.#imported.set(name, imported);
    return imported;
  }
}

async function importPublic(key: Claims, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  try {
    const imported = await importJWK(key as JWK, algorithm);
    if (imported instanceof Uint8Array || imported.type !== 'public') throw new TokenRefused('key_not_fit');
    return imported;
  } catch (error) {
    if (error instanceof TokenRefused) throw error;
    throw new TokenRefused('key_not_fit', { cause: error });
  }
}

async function discover(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { issuer: stated, jwks_uri: keys } = await fetchJson(address);
  if (stated !== issuer) throw new Error(`${address} is the document of another issuer.`);
  if (typeof keys !== 'string') throw new Error(`${address} names no jwks_uri.`);
  return keys;
}

async function readKeySet(address: string): Promise<KeySet> {
  const { keys } = await fetchJson(address);
  if (!Array.isArray(keys) || !keys.every(isObject))
    throw new Error(`${address} answered no set of keys ({"keys": […]}).`);
  return new KeySet(keys);
}
