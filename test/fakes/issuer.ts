import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Issuer } from '../../domain/identity.ts';

export type Json = Record<string, unknown>;

/** A key pair: its public half as a JSON Web Key, and a way to sign with the other. */
export interface SigningKey {
  readonly jwk: Json;
  readonly privateKey: KeyObject;
  readonly alg: string;
}

/** An issuer on this machine that publishes its keys and remembers who asked for them. */
export interface FakeIssuer {
  readonly url: string;
  readonly key: SigningKey;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What it publishes from now on. */
  publish(keys: readonly Json[]): void;
  /** What it answers from now on instead of its documents, at one path or at all; nothing makes it well again. */
  answer(status: number | undefined, body?: string, path?: string): void;
  /** How its tokens are checked, but for what a test says otherwise. */
  settings(changes?: Partial<Issuer>): Issuer;
  /** A good token of Ada of acme, but for what a test says otherwise. */
  token(changes?: TokenChanges): string;
  close(): Promise<void>;
}

export interface TokenChanges {
  readonly header?: Json;
  readonly claims?: Json;
  readonly key?: SigningKey;
}

export const AUDIENCE = 'https://runtimeai.example.com';

/** Starts the issuer with one Ed25519 key. */
export async function startIssuer(): Promise<FakeIssuer> {
  const asked: string[] = [];
  const key = newKey('EdDSA', 'first');
  let keys: readonly Json[] = [key.jwk];
  let forced: { status: number; body: string; path: string | undefined } | undefined;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = request.url === '/keys' ? { keys } : { issuer: url, jwks_uri: `${url}/keys` };
    const instead = forced && (forced.path ?? request.url) === request.url ? forced : undefined;
    response.writeHead(instead?.status ?? 200, { location: `${url}/elsewhere` });
    response.end(instead?.body ?? JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    key,
    asked,
    publish: published => {
      keys = published;
    },
    answer: (status, body = '{}', path = undefined) => {
      forced = status === undefined ? undefined : { status, body, path };
    },
    settings: (changes = {}) => ({
      ...Issuer.parse({ issuer: url, audience: AUDIENCE, tenant: { fixed: 'acme' } }),
      ...changes,
    }),
    token: ({ header = {}, claims = {}, key: by = key } = {}) =>
      signToken(by, {
        header: { alg: by.alg, typ: 'at+jwt', kid: by.jwk['kid'], ...header },
        claims: { ...goodClaims(url), ...claims },
      }),
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}

/** What a good token claims. */
export function goodClaims(issuer: string): Json {
  const now = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, preferred_username: 'Ada' };
}

/** A new key for an algorithm; the size is that of an RSA key. */
export function newKey(alg: string, kid?: string, rsaBits = 2048): SigningKey {
  const { publicKey, privateKey } = pairFor(alg, rsaBits);
  return {
    alg,
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid !== undefined && { kid }) },
  };
}

/** Signs header and claims exactly as they are given. */
export function signToken({ privateKey, alg }: SigningKey, parts: { header: Json; claims: Json }): string {
  const body = [parts.header, parts.claims].map(part => encode(JSON.stringify(part))).join('.');
  return `${body}.${encode(signatureOf(alg, body, privateKey))}`;
}

/** A token signed with a shared secret, as whoever confuses the kinds of keys would accept it. */
export function hmacToken(secret: string | Buffer, parts: { header: Json; claims: Json }): string {
  const body = [parts.header, parts.claims].map(part => encode(JSON.stringify(part))).join('.');
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** Base64url as RFC 7515 has it. */
export function encode(part: string | Buffer): string {
  return Buffer.from(part).toString('base64url');
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

function pairFor(alg: string, rsaBits: number) {
  const curve = CURVES[alg];
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve });
  return alg === 'EdDSA' || alg === 'Ed25519'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: rsaBits });
}

function signatureOf(alg: string, body: string, privateKey: KeyObject): Buffer {
  const data = Buffer.from(body);
  const digest = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS'))
    return sign(digest, data, { key: privateKey, padding: 6, saltLength: Number(alg.slice(2)) / 8 });
  return sign(
    alg.startsWith('RS') ? digest : null,
    data,
    createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  );
}
