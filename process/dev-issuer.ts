import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Issuer } from '../domain/identity.ts';
import { Role } from '../domain/principal.ts';

/** Name and audience of the issuer that is built in for development; it is no address, so nothing is ever fetched. */
export const DEV_ISSUER = 'urn:runtimeai:development';
const AUDIENCE = 'runtimeai';
const KEY_ID = 'development';

/** For whom a token of the built-in issuer is. */
export interface DevToken {
  readonly tenant: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly groups?: readonly string[];
  readonly acr?: string | undefined;
  readonly minutes: number;
}

/** How tokens of the built-in issuer are checked: they claim tenant, roles and groups by these names. */
export function devIssuer(): Issuer {
  const rules = Role.options.map(role => ({ claim: 'roles', equals: role, role }));
  const checks = Issuer.omit({ issuer: true }).parse({
    audience: AUDIENCE,
    algorithms: ['EdDSA'],
    tenant: { claim: 'tenant' },
    roles: rules,
    name_claim: 'name',
    types: ['at+jwt'],
  });
  return { ...checks, issuer: DEV_ISSUER };
}

/** Makes the key of the built-in issuer unless it is there. */
export function ensureDevIssuerKey(path: string): void {
  if (existsSync(path)) return;
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, path);
}

/** The public half as a JSON Web Key, by which the API checks tokens. */
export function devIssuerPublicKey(path: string): Readonly<Record<string, unknown>> {
  const jwk = createPublicKey(readKey(path)).export({ format: 'jwk' });
  return { ...jwk, kid: KEY_ID, use: 'sig', alg: 'EdDSA' };
}

/** Signs a token of the built-in issuer. */
export function signDevToken(path: string, token: DevToken): string {
  const { tenant, name, roles, groups = [], acr, minutes } = token;
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    iss: DEV_ISSUER,
    aud: AUDIENCE,
    sub: name,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + minutes * 60,
    tenant,
    name,
    roles,
    groups,
    ...(acr !== undefined && { acr }),
  };
  const body = [{ alg: 'EdDSA', typ: 'at+jwt', kid: KEY_ID }, claims].map(encoded).join('.');
  return `${body}.${sign(null, Buffer.from(body), readKey(path)).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Whoever can read this key can be anybody, so a file that others may read is refused. */
function readKey(path: string): KeyObject {
  if (!existsSync(path))
    throw new Error(
      `There is no key of the development issuer at ${path}. npm start makes one and prints where.`,
    );
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0)
    throw new Error(
      `${path} may be read by others (mode ${mode.toString(8)}). Make it private: chmod 600 ${path}`,
    );
  const key = createPrivateKey(readFileSync(path));
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(
      `${path} holds a key of type ${key.asymmetricKeyType}; the development issuer has an Ed25519 key.`,
    );
  return key;
}
