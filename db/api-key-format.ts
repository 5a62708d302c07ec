import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** An API key taken apart. */
export interface ApiKeyParts {
  readonly installation: string;
  readonly keyId: string;
  readonly secret: string;
}

/** Makes a new key `rtai_<installation>_<keyid>_<secret>_<crc>` with 256 bits of chance in its secret. */
export function newApiKey(
  installation: string,
  keyId = randomBytes(8).toString('hex'),
): ApiKeyParts & { readonly token: string } {
  // Hexadecimal, so that no part can hold the underscore that separates them.
  const parts = { installation, keyId, secret: randomBytes(32).toString('hex') };
  const body = `rtai_${installation}_${parts.keyId}_${parts.secret}`;
  return { ...parts, token: `${body}_${checksum(body)}` };
}

/** Takes a key apart; nothing when it is not one of ours or was mistyped, which its checksum tells without a look-up. */
export function readApiKey(token: string): ApiKeyParts | undefined {
  const match = API_KEY.exec(token);
  if (!match) return undefined;
  const [, body = '', installation = '', keyId = '', secret = '', sum] = match;
  return checksum(body) === sum ? { installation, keyId, secret } : undefined;
}

/** What is kept of a secret. It has 256 random bits, so a slow hash would add nothing. */
export function hashOfSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

const API_KEY = /^(rtai_([a-z0-9]{1,12})_([0-9a-f]{16})_([0-9a-f]{64}))_([0-9a-z]{7})$/;

function checksum(body: string): string {
  return crc32(body).toString(36).padStart(7, '0');
}
