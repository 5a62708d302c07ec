import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeIssuer, newKey, startIssuer } from '../../test/fakes/issuer.ts';
import { type IssuerKeys, publishedKeys } from './issuer-keys.ts';
import { TokenRefused } from './refusal.ts';

let issuer: FakeIssuer;
let now: number;
beforeEach(async () => {
  issuer = await startIssuer();
  issuer.publish([issuer.key.jwk]);
  now = 0;
});
afterEach(() => issuer.close());

const open = (changes: { issuer?: string; jwksUri?: string } = {}) =>
  publishedKeys({ issuer: issuer.url, jwksUri: undefined, ...changes }, { now: () => now });
const MINUTE = 60_000;

async function refusalOf(keys: IssuerKeys, keyId = 'first'): Promise<string> {
  try {
    await keys.find({ keyId, algorithm: 'EdDSA' });
    return 'found';
  } catch (error) {
    if (error instanceof TokenRefused) return error.reason;
    throw error;
  }
}

const timesRead = () => issuer.asked.filter(path => path === '/keys').length;

describe('the keys of an issuer', () => {
  test('are read once for all who ask at the same time', async () => {
    const keys = open();
    const found = await Promise.all(Array.from({ length: 20 }, () => refusalOf(keys)));
    expect(new Set(found)).toEqual(new Set(['found']));
    expect(timesRead()).toBe(1);
  });

  test('are read where the setting says, without discovery', async () => {
    expect(await refusalOf(open({ jwksUri: `${issuer.url}/keys` }))).toBe('found');
    expect(issuer.asked).toEqual(['/keys']);
  });

  test('are read again when a new one signs, and then the old one is gone', async () => {
    const keys = open();
    expect(await refusalOf(keys)).toBe('found');
    issuer.publish([newKey('EdDSA', 'second').jwk]);
    now += MINUTE;
    expect(await refusalOf(keys, 'second')).toBe('found');
    expect(await refusalOf(keys, 'first')).toBe('key_not_found');
  });

  test('are not read more than twice a minute, whatever ids are asked for', async () => {
    const keys = open();
    for (now = 0; now < MINUTE; now += 1000)
      expect(await refusalOf(keys, `made-up-${now}`)).toBe('key_not_found');
    expect(timesRead()).toBe(2);
  });

  test('that were withdrawn are gone after ten minutes without anybody asking for a new one', async () => {
    const keys = open();
    await refusalOf(keys);
    issuer.publish([]);
    now += 9 * MINUTE;
    expect(await refusalOf(keys)).toBe('found');
    now += 2 * MINUTE;
    expect(await refusalOf(keys)).toBe('key_not_found');
  });

  test('are used for an hour while the issuer is away, and no longer', async () => {
    const keys = open();
    await refusalOf(keys);
    issuer.answer(503);
    now += 59 * MINUTE;
    expect(await refusalOf(keys)).toBe('found');
    now += 2 * MINUTE;
    expect(await refusalOf(keys)).toBe('issuer_unreachable');
    issuer.answer(undefined);
    now += MINUTE;
    expect(await refusalOf(keys)).toBe('found');
  });
});

describe('an issuer is unreachable when', () => {
  const DISCOVERY = '/.well-known/openid-configuration';
  const document = (changes: object = {}) =>
    JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...changes });

  test('something is other than in this document, with which it is not', async () => {
    issuer.answer(200, document(), DISCOVERY);
    expect(await refusalOf(open())).toBe('found');
  });

  test.each<[string, number, () => string]>([
    ['it answers an error', 500, document],
    ['it leads elsewhere, to a good document', 302, document],
    ['it answers no JSON', 200, () => '<html>'],
    ['it answers a list', 200, () => `[${document()}]`],
    ['it answers more than anybody’s keys are', 200, () => document({ more: 'x'.repeat(300_000) })],
    ['its document is another issuer’s', 200, () => document({ issuer: 'https://other.example.com' })],
    ['its document names no keys', 200, () => document({ jwks_uri: undefined })],
    [
      'its keys would come over an open line',
      200,
      () => document({ jwks_uri: 'http://keys.example.com/keys' }),
    ],
    ['its keys are in a file', 200, () => document({ jwks_uri: 'file:///etc/passwd' })],
  ])('%s', async (_, status, body) => {
    issuer.answer(status, body(), DISCOVERY);
    expect(await refusalOf(open())).toBe('issuer_unreachable');
  });

  test('what should be its keys are none', async () => {
    issuer.answer(200, '{"keys": "none"}');
    expect(await refusalOf(open({ jwksUri: `${issuer.url}/keys` }))).toBe('issuer_unreachable');
  });

  test('nothing listens there', async () => {
    expect(await refusalOf(open({ issuer: 'http://127.0.0.1:1' }))).toBe('issuer_unreachable');
  });
});
