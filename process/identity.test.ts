import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { staticKeys } from '../clients/oidc/issuer-keys.ts';
import { TokenVerifier } from '../clients/oidc/token-verifier.ts';
import { IdentitySettings } from '../domain/identity.ts';
import { devIssuer, devIssuerPublicKey, ensureDevIssuerKey, signDevToken } from './dev-issuer.ts';
import { identityOf } from './identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'runtimeai-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const issuer = { issuer: 'https://id.example.com', audience: 'runtimeai', tenant: { fixed: 'acme' } };

describe('the issuers', () => {
  test('come from the setting or from a file, and are none without either', () => {
    const file = join(folder, 'identity.yaml');
    writeFileSync(
      file,
      'issuers:\n- issuer: https://id.example.com\n  audience: runtimeai\n  tenant: {fixed: acme}\n',
    );
    const expected = IdentitySettings.parse({ issuers: [issuer] }).issuers;
    expect(identityOf({ RUNTIMEAI_IDENTITY: IdentitySettings.parse({ issuers: [issuer] }) })).toEqual(
      expected,
    );
    expect(identityOf({ RUNTIMEAI_IDENTITY_FILE: file })).toEqual(expected);
    expect(identityOf({})).toEqual([]);
  });

  test('of a file that is not usable are refused with the place in it', () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(
      file,
      'issuers:\n- issuer: http://id.example.com\n  audience: x\n  tenant: {fixed: acme}\n',
    );
    expect(() => identityOf({ RUNTIMEAI_IDENTITY_FILE: file })).toThrow(/issuers\[0\]\.issuer/);
  });

  test.each([
    ['an open line', { issuer: 'http://id.example.com' }],
    ['a password in it', { issuer: 'https://user:secret@id.example.com' }],
    ['keys over an open line', { jwks_uri: 'http://id.example.com/keys' }],
    ['a shared secret', { algorithms: ['HS256'] }],
    ['no signature', { algorithms: ['none'] }],
    ['no algorithm', { algorithms: [] }],
    ['no audience', { audience: [] }],
    ['clocks that differ by hours', { clock_tolerance_seconds: 3600 }],
    ['a role there is not', { roles: [{ group: 'x', role: 'god' }] }],
    ['a field that is mistyped', { audiences: ['x'] }],
  ])('with %s are refused', (_, change) => {
    expect(IdentitySettings.safeParse({ issuers: [{ ...issuer, ...change }] }).success).toBe(false);
  });

  test('are named once each', () => {
    expect(IdentitySettings.safeParse({ issuers: [issuer, issuer] }).success).toBe(false);
  });
});

describe('the development issuer', () => {
  const file = join(folder, 'keys', 'development.pem');
  ensureDevIssuerKey(file);
  const verifier = () =>
    new TokenVerifier([{ settings: devIssuer(), keys: staticKeys([devIssuerPublicKey(file)]) }]);
  const ada = { tenant: 'acme', name: 'ada', roles: ['developer'], minutes: 5 } as const;

  test('keeps its key to its owner, and makes it once', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = devIssuerPublicKey(file);
    ensureDevIssuerKey(file);
    expect(devIssuerPublicKey(file)).toEqual(before);
    expect(before).not.toHaveProperty('d');
  });

  test('makes tokens that say tenant, roles, groups and acr', async () => {
    const token = signDevToken(file, { ...ada, groups: ['users'], acr: 'mfa' });
    expect(await verifier().verify(token)).toMatchObject({
      subject: 'ada',
      tenantId: 'acme',
      grants: [{ role: 'developer', project: null }],
      groups: ['users'],
      acr: 'mfa',
    });
  });

  test('is not the issuer whose key another installation has', async () => {
    const other = join(folder, 'other.pem');
    ensureDevIssuerKey(other);
    await expect(verifier().verify(signDevToken(other, ada))).rejects.toThrow('signature');
  });

  test('has no key that others may read', () => {
    const open = join(folder, 'open.pem');
    ensureDevIssuerKey(open);
    chmodSync(open, 0o644);
    expect(() => signDevToken(open, ada)).toThrow('chmod 600');
    expect(() => signDevToken(join(folder, 'none.pem'), ada)).toThrow('There is no key');
  });
});
