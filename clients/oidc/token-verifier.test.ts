import { CompactEncrypt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Issuer } from '../../domain/identity.ts';
import {
  AUDIENCE,
  encode,
  type FakeIssuer,
  goodClaims,
  hmacToken,
  type Json,
  newKey,
  type SigningKey,
  signToken,
  startIssuer,
} from '../../test/fakes/issuer.ts';
import { TokenRefused } from './refusal.ts';
import { TokenVerifier, trust } from './token-verifier.ts';

let issuer: FakeIssuer;
const keys = new Map<string, SigningKey>();
const keyOf = (alg: string): SigningKey => {
  const key = keys.get(alg);
  if (!key) throw new Error(`no key for ${alg}`);
  return key;
};
beforeAll(async () => {
  issuer = await startIssuer();
  for (const alg of ['EdDSA', 'ES256', 'ES384', 'PS256', 'RS256']) keys.set(alg, newKey(alg, alg));
});
afterAll(() => issuer.close());
beforeEach(() => {
  issuer.asked.length = 0;
  issuer.publish([issuer.key.jwk, ...[...keys.values()].map(({ jwk }) => jwk)]);
});

const verifier = (changes: Partial<Issuer> = {}) => new TokenVerifier([trust(issuer.settings(changes))]);
const now = () => Math.floor(Date.now() / 1000);

/** The reason for which a token is refused, or that it is taken. */
async function refusalOf(token: string, by = verifier()): Promise<string> {
  try {
    await by.verify(token);
    return 'taken';
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    throw error;
  }
}

const goodHeader = (): Json => ({ alg: 'EdDSA', typ: 'at+jwt', kid: issuer.key.jwk['kid'] });

describe('a good token', () => {
  test.each(['EdDSA', 'ES256', 'ES384', 'PS256', 'RS256'])('signed by %s is taken', async alg => {
    const verified = await verifier().verify(issuer.token({ key: keyOf(alg) }));
    expect(verified).toMatchObject({ issuer: issuer.url, subject: 'ada', tenantId: 'acme', name: 'Ada' });
  });

  test('has its keys fetched once for many tokens', async () => {
    const shared = verifier();
    for (let count = 0; count < 20; count += 1) await shared.verify(issuer.token());
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });
});

describe('RFC 8725, 2.1 and 3.1: the algorithm is ours to choose', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', ''])(
    'alg %j is refused, with and without a signature',
    async alg => {
      const body = [{ ...goodHeader(), alg }, goodClaims(issuer.url)].map(part =>
        encode(JSON.stringify(part)),
      );
      expect(await refusalOf(`${body.join('.')}.`)).toBe('not_signed');
      expect(await refusalOf(`${body.join('.')}.AAAA`)).toBe('algorithm_not_allowed');
    },
  );

  test('a public key used as a shared secret is refused, and not even looked for', async () => {
    const { jwk, privateKey } = keyOf('RS256');
    const header = { ...goodHeader(), alg: 'HS256', kid: 'RS256' };
    const secrets = [
      JSON.stringify(jwk),
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      String(jwk['n']),
    ];
    for (const secret of secrets)
      expect(await refusalOf(hmacToken(secret, { header, claims: goodClaims(issuer.url) }))).toBe(
        'algorithm_not_allowed',
      );
    expect(issuer.asked).toEqual([]);
  });

  test('an algorithm that is not pinned for the issuer is refused before any key is fetched', async () => {
    const onlyEdDsa = verifier({ algorithms: ['EdDSA'] });
    expect(await refusalOf(issuer.token({ key: keyOf('RS256') }), onlyEdDsa)).toBe('algorithm_not_allowed');
    expect(issuer.asked).toEqual([]);
  });

  test.each([
    ['RS256', 'EdDSA'],
    ['ES256', 'RS256'],
    ['ES384', 'ES256'],
    ['EdDSA', 'ES384'],
  ])('%s with the kid of a key for %s is refused', async (alg, other) => {
    const token = issuer.token({ key: keyOf(alg), header: { kid: other } });
    expect(await refusalOf(token)).toBe('key_not_fit');
  });

  test('a key that states another algorithm is refused', async () => {
    const key = keyOf('RS256');
    issuer.publish([{ ...key.jwk, alg: 'PS256' }]);
    expect(await refusalOf(issuer.token({ key }))).toBe('key_not_fit');
  });
});

describe('RFC 8725, 3.3: the signature', () => {
  test('of another key is refused', async () => {
    expect(await refusalOf(issuer.token({ key: newKey('EdDSA', 'first') }))).toBe('signature_wrong');
  });

  test('over other claims or another header is refused', async () => {
    const [header, , signature] = issuer.token().split('.');
    const claims = encode(JSON.stringify({ ...goodClaims(issuer.url), sub: 'root' }));
    expect(await refusalOf(`${header}.${claims}.${signature}`)).toBe('signature_wrong');
    const [, payload] = issuer.token().split('.');
    const otherHeader = encode(JSON.stringify({ ...goodHeader(), typ: 'JWT' }));
    expect(await refusalOf(`${otherHeader}.${payload}.${signature}`)).toBe('signature_wrong');
  });

  test('of all zeros is refused (ECDSA)', async () => {
    const [header, payload] = issuer.token({ key: keyOf('ES256') }).split('.');
    expect(await refusalOf(`${header}.${payload}.${encode(Buffer.alloc(64))}`)).toBe('signature_wrong');
  });
});

describe('RFC 8725, 3.5: the keys', () => {
  test('an RSA key of less than 2048 bits is refused, though its signature is right', async () => {
    const weak = newKey('RS256', 'weak', 1024);
    issuer.publish([weak.jwk]);
    expect(await refusalOf(issuer.token({ key: weak }))).toBe('key_not_fit');
  });

  test('an RSA key blown up with leading zeros is refused', async () => {
    const weak = newKey('RS256', 'weak', 1024);
    const modulus = Buffer.concat([Buffer.alloc(128), Buffer.from(String(weak.jwk['n']), 'base64url')]);
    issuer.publish([{ ...weak.jwk, n: encode(modulus) }]);
    expect(await refusalOf(issuer.token({ key: weak }))).toBe('key_not_fit');
  });

  test.each([
    ['the exponent 1', { e: 'AQ' }],
    ['an even exponent', { e: 'BA' }],
    ['no exponent', { e: '' }],
    ['use enc', { use: 'enc' }],
    ['no operation verify', { key_ops: ['sign'] }],
    ['a private half', { d: 'AQAB' }],
  ])('a key with %s is refused', async (_, change) => {
    issuer.publish([{ ...keyOf('RS256').jwk, ...change }]);
    expect(await refusalOf(issuer.token({ key: keyOf('RS256') }))).toBe('key_not_fit');
  });

  test('a shared secret among the published keys verifies nothing', async () => {
    issuer.publish([{ kty: 'oct', k: encode('0123456789abcdef0123456789abcdef'), kid: 'first' }]);
    expect(await refusalOf(issuer.token())).toBe('key_not_fit');
  });

  test('two keys of one id are refused, whichever of them has signed', async () => {
    const other = newKey('EdDSA', 'first');
    issuer.publish([issuer.key.jwk, other.jwk]);
    expect(await refusalOf(issuer.token())).toBe('key_ambiguous');
    expect(await refusalOf(issuer.token({ key: other }))).toBe('key_ambiguous');
  });

  test('a token without a kid means the only key that fits', async () => {
    issuer.publish([issuer.key.jwk, keyOf('RS256').jwk]);
    expect(await refusalOf(issuer.token({ header: { kid: undefined } }))).toBe('taken');
    issuer.publish([issuer.key.jwk, keyOf('EdDSA').jwk]);
    expect(await refusalOf(issuer.token({ header: { kid: undefined } }))).toBe('key_ambiguous');
  });
});

describe('RFC 8725, 2.2, 2.4, 2.7 and 3.2: what is no signed token', () => {
  test('an encrypted token is refused', async () => {
    const jwe = await new CompactEncrypt(Buffer.from(issuer.token()))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
      .encrypt(Buffer.alloc(32, 1));
    expect(await refusalOf(jwe)).toBe('not_signed');
  });

  test.each(['zip', 'cty', 'enc'])('a signed token whose header has %s is refused', async name => {
    expect(await refusalOf(issuer.token({ header: { [name]: 'JWT' } }))).toBe('header_not_allowed');
  });

  test.each(['', '.', '..', 'a', 'a.b', 'a.b.c.d', 'a.b.c.d.e'])('%j is refused', async text => {
    expect(await refusalOf(text)).toBe('not_signed');
  });

  test('a huge token is refused without being read', async () => {
    const token = issuer.token({ claims: { padding: 'x'.repeat(200_000) } });
    expect(await refusalOf(token)).toBe('too_large');
  });
});

describe('RFC 8725, 2.4 and RFC 7515: strict base64url', () => {
  const withPart = (index: number, change: (part: string) => string) => {
    const parts = issuer.token().split('.');
    return parts.map((part, at) => (at === index ? change(part) : part)).join('.');
  };

  test.each([0, 1, 2])(
    'part %i with padding, spaces, line breaks or the other alphabet is refused',
    async index => {
      const ways = [
        (part: string) => `${part}=`,
        (part: string) => `${part}==`,
        (part: string) => ` ${part}`,
        (part: string) => `${part}\n`,
        (part: string) => `${part.slice(0, 4)}\t${part.slice(4)}`,
        (part: string) => `${part.slice(0, 4)}+${part.slice(5)}`,
        (part: string) => `${part.slice(0, 4)}/${part.slice(5)}`,
        (part: string) => `${part.slice(0, 4)}%${part.slice(5)}`,
      ];
      for (const way of ways) expect(await refusalOf(withPart(index, way))).toBe('not_base64url');
    },
  );

  test('a last letter with stray bits is refused, though it decodes to the same signature', async () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = issuer.token();
    const last = letters[letters.indexOf(token.at(-1) ?? '') ^ 1] ?? '';
    const stray = token.slice(0, -1) + last;
    expect(Buffer.from(stray.split('.')[2] ?? '', 'base64url')).toEqual(
      Buffer.from(token.split('.')[2] ?? '', 'base64url'),
    );
    expect(await refusalOf(stray)).toBe('not_base64url');
  });
});

describe('RFC 8725, 3.6 to 3.9: what header and claims say', () => {
  test.each([
    ['not JSON', encode('{')],
    ['a list', encode('[]')],
    ['null', encode('null')],
    ['no UTF-8', encode(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['with a byte order mark', encode('\ufeff{}')],
  ])('a header that is %s is refused', async (_, header) => {
    const [, payload, signature] = issuer.token().split('.');
    expect(await refusalOf(`${header}.${payload}.${signature}`)).toBe('header_unreadable');
  });

  test('claims that are no object are refused', async () => {
    const [header, , signature] = issuer.token().split('.');
    expect(await refusalOf(`${header}.${encode('"ada"')}.${signature}`)).toBe('payload_unreadable');
  });

  test.each([{ kid: 7 }, { kid: ['first'] }, { typ: 1 }])('a header with %j is refused', async header => {
    expect(await refusalOf(issuer.token({ header }))).toBe('header_unreadable');
  });

  test('a foreign issuer is refused before any key is fetched', async () => {
    const foreign = await startIssuer();
    expect(await refusalOf(foreign.token())).toBe('issuer_not_allowed');
    expect([...foreign.asked, ...issuer.asked]).toEqual([]);
    await foreign.close();
  });

  test.each(['/', '#', '?x', ' '])('an issuer that differs by %j is a foreign one', async more => {
    expect(await refusalOf(issuer.token({ claims: { iss: issuer.url + more } }))).toBe('issuer_not_allowed');
  });

  test.each([undefined, 7, ['x'], {}])('the issuer %j is refused', async iss => {
    expect(await refusalOf(issuer.token({ claims: { iss } }))).toBe('issuer_not_allowed');
  });

  test.each([undefined, '', 7, {}, 'x'.repeat(256), 'a\0b', '\ud800'])(
    'the subject %j is refused',
    async sub => {
      expect(await refusalOf(issuer.token({ claims: { sub } }))).toBe('no_subject');
    },
  );

  test.each([undefined, 'another', `${AUDIENCE}/`, ['another'], [], {}, 7])(
    'the audience %j is refused',
    async aud => {
      expect(await refusalOf(issuer.token({ claims: { aud } }))).toBe('audience_wrong');
    },
  );

  test('one of several audiences is enough', async () => {
    expect(await refusalOf(issuer.token({ claims: { aud: ['another', AUDIENCE] } }))).toBe('taken');
  });
});

describe('RFC 8725, 3.10: keys named by the token itself', () => {
  test.each(['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64'])('the header %s is refused', async name => {
    const mine = newKey('EdDSA', 'mine');
    const value = { jwk: mine.jwk, crit: ['exp'], b64: false }[name] ?? 'http://127.0.0.1:1/keys';
    const token = issuer.token({ key: mine, header: { [name]: value } });
    expect(await refusalOf(token)).toBe('header_not_allowed');
    expect(issuer.asked).toEqual([]);
  });

  test('an unknown kid is refused, and has the keys read again only after a while', async () => {
    const shared = verifier();
    for (const kid of ['../../etc/passwd', "' or 1=1 --", 'x'.repeat(5000)])
      expect(await refusalOf(issuer.token({ header: { kid } }), shared)).toBe('key_not_found');
    expect(issuer.asked.filter(path => path === '/keys')).toHaveLength(1);
  });
});

describe('RFC 8725, 3.11 and 3.12: kinds of tokens', () => {
  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT'])('typ %s is taken', async typ => {
    expect(await refusalOf(issuer.token({ header: { typ } }))).toBe('taken');
  });

  test.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', '', undefined])('typ %j is refused', async typ => {
    expect(await refusalOf(issuer.token({ header: { typ } }))).toBe('type_not_allowed');
  });

  test('a missing typ is taken only where the issuer may leave it out', async () => {
    const lenient = verifier({ types: ['JWT', 'missing'] });
    expect(await refusalOf(issuer.token({ header: { typ: undefined } }), lenient)).toBe('taken');
  });

  test.each(['ID', 'Refresh', 'Offline', 'Logout'])('Keycloak’s %s token is refused', async typ => {
    expect(await refusalOf(issuer.token({ claims: { typ } }))).toBe('not_an_access_token');
  });
});

describe('RFC 8725, 3.4 and RFC 7519: times', () => {
  test.each<[string, () => Json, string]>([
    ['no end', () => ({ exp: undefined }), 'no_expiry'],
    ['an end in words', () => ({ exp: '2099-01-01' }), 'no_expiry'],
    ['an end beyond all time', () => ({ exp: 1e300 }), 'no_expiry'],
    ['an end a minute ago', () => ({ exp: now() - 60 }), 'expired'],
    ['a beginning in a minute', () => ({ nbf: now() + 60 }), 'not_yet_valid'],
    ['a beginning in words', () => ({ nbf: 'now' }), 'not_yet_valid'],
    ['issued in a minute', () => ({ iat: now() + 60 }), 'issued_in_future'],
    ['issued in words', () => ({ iat: 'now' }), 'issued_in_future'],
  ])('with %s it is refused', async (_, claims, reason) => {
    expect(await refusalOf(issuer.token({ claims: claims() }))).toBe(reason);
  });

  test.each<[string, () => Json]>([
    ['ended', () => ({ exp: now() - 20 })],
    ['not begun', () => ({ nbf: now() + 20 })],
    ['not been issued', () => ({ iat: now() + 20 })],
  ])('one that has %s within the tolerance of clocks is taken', async (_, claims) => {
    expect(await refusalOf(issuer.token({ claims: claims() }))).toBe('taken');
    const strict = verifier({ clock_tolerance_seconds: 0 });
    expect(await refusalOf(issuer.token({ claims: claims() }), strict)).not.toBe('taken');
  });

  test('one that is older than the issuer’s tokens may become is refused, and so is one of unknown age', async () => {
    const young = verifier({ max_token_age_seconds: 100 });
    expect(await refusalOf(issuer.token({ claims: { iat: now() - 90 } }), young)).toBe('taken');
    expect(await refusalOf(issuer.token({ claims: { iat: now() - 140 } }), young)).toBe('too_old');
    expect(await refusalOf(issuer.token({ claims: { iat: undefined } }), young)).toBe('too_old');
  });
});

test('a token of one issuer signed by the key of another trusted one is refused', async () => {
  const other = await startIssuer();
  const both = new TokenVerifier([trust(issuer.settings()), trust(other.settings())]);
  const claims = goodClaims(issuer.url);
  const forged = signToken(other.key, { header: goodHeader(), claims });
  expect(await refusalOf(forged, both)).toBe('signature_wrong');
  await other.close();
});
