import { describe, expect, test } from 'vitest';
import { Issuer } from '../../domain/identity.ts';
import { claimAt, meaningOf } from './claims.ts';
import type { Claims } from './compact-token.ts';
import { TokenRefused } from './refusal.ts';

const settings = (changes: object = {}) =>
  Issuer.parse({
    issuer: 'https://keycloak.example.com/realms/platform',
    audience: 'runtimeai',
    tenant: { fixed: 'acme' },
    ...changes,
  });

/** An access token as Keycloak 26 makes it, with the mappers for groups (full path) and audience. */
const keycloak: Claims = {
  exp: 1_790_000_300,
  iat: 1_790_000_000,
  jti: 'onrtac:8a1a7b8e-1a3f-4d5e-9c1c-6f0b3c1d2e3f',
  iss: 'https://keycloak.example.com/realms/platform',
  aud: ['runtimeai', 'account'],
  sub: 'f1b5c1f2-9a3e-4d0b-8a52-0d6f7ad3c111',
  typ: 'Bearer',
  azp: 'console',
  sid: '3d1c2f7e-5b1e-4d1c-8f8e-0f6f2a9e8a10',
  acr: '1',
  realm_access: { roles: ['default-roles-platform', 'offline_access', 'platform-operator'] },
  resource_access: {
    runtimeai: { roles: ['deployer'] },
    'my.client': { roles: ['auditor'] },
    account: { roles: ['manage-account', 'view-profile'] },
  },
  scope: 'openid profile email',
  name: 'Ada Lovelace',
  groups: ['/users', '/teams/platform-admins'],
  preferred_username: 'ada',
};

const meaning = (changes: object = {}, claims: object = {}) =>
  meaningOf({ ...keycloak, ...claims }, settings(changes));
const rolesOf = (rules: object[], claims: object = {}) => meaning({ roles: rules }, claims).grants;
const everywhere = (role: string) => ({ role, project: null });

describe('roles', () => {
  test('come from realm roles, from client roles, and from a client whose name holds dots', () => {
    const rules = [
      { claim: 'realm_access.roles', equals: 'platform-operator', role: 'operator' },
      {
        claim: 'resource_access.runtimeai.roles',
        equals: ['deployer', 'releaser'],
        role: 'developer',
        project: 'payments',
      },
      { claim: ['resource_access', 'my.client', 'roles'], equals: 'auditor', role: 'auditor' },
    ];
    expect(rolesOf(rules)).toEqual([
      everywhere('auditor'),
      { role: 'developer', project: 'payments' },
      everywhere('operator'),
    ]);
  });

  test('come from groups where nothing else is said: platform-admins administer, users watch', () => {
    expect(meaning().grants).toEqual([everywhere('viewer')]);
    expect(meaning({}, { groups: ['/platform-admins'] }).grants).toEqual([everywhere('tenant_admin')]);
    expect(meaning({}, { groups: ['group:platform-admins', 'group:users'] }).grants).toEqual([
      everywhere('tenant_admin'),
      everywhere('viewer'),
    ]);
  });

  test.each([
    ['no groups', { groups: undefined }],
    ['groups nobody has named', { groups: ['/guests'] }],
    ['groups that are no texts', { groups: [7, null, { name: 'platform-admins' }, ['platform-admins']] }],
    ['a group of that name within another', { groups: ['/teams/platform-admins', '//platform-admins'] }],
    ['another case', { groups: ['/Platform-Admins'] }],
    ['more than the name', { groups: ['platform-admins ', 'platform-admins/x'] }],
  ])('are none with %s', (_, claims) => {
    expect(meaning({}, claims).grants).toEqual([]);
  });

  test('are none by claims of names that every object has', () => {
    const rules = ['constructor.name', 'realm_access.__proto__', 'toString'].map(claim => ({
      claim,
      equals: ['Object', 'x'],
      role: 'super_admin',
    }));
    expect(rolesOf(rules)).toEqual([]);
  });

  test('are counted once, however often a claim says them', () => {
    const rules = [
      { group: 'users', role: 'viewer' },
      { claim: 'realm_access.roles', equals: 'platform-operator', role: 'viewer' },
    ];
    expect(rolesOf(rules)).toEqual([everywhere('viewer')]);
  });
});

describe('groups', () => {
  test('keep their path, without the first slash', () => {
    expect(meaning().groups).toEqual(['teams/platform-admins', 'users']);
  });

  test('of a prefix are the only ones that count, without it', () => {
    const claims = { groups: ['runtimeai-users', 'users', 'runtimeai-platform-admins'] };
    expect(meaning({ group_prefix: 'runtimeai-' }, claims).groups).toEqual(['platform-admins', 'users']);
  });

  test('come from every claim that is named', () => {
    const claims = { cognito: { groups: 'one' }, groups: ['two'] };
    expect(meaning({ groups_claims: ['cognito.groups', 'groups'] }, claims).groups).toEqual(['one', 'two']);
  });
});

describe('the tenant', () => {
  const claimed = (claim: object, claims: object) => meaning({ tenant: { claim: 'org', ...claim } }, claims);

  test('comes from a claim, as it is or by a map', () => {
    expect(claimed({}, { org: 'globex' }).tenantId).toBe('globex');
    expect(claimed({}, { org: ['globex'] }).tenantId).toBe('globex');
    expect(claimed({ map: { '0oa1': 'acme' } }, { org: '0oa1' }).tenantId).toBe('acme');
  });

  test.each([
    ['no claim', {}, {}],
    ['two tenants', {}, { org: ['acme', 'globex'] }],
    ['no name of a tenant', {}, { org: '../acme' }],
    ['the tenant of what belongs to none', {}, { org: 'system' }],
    ['a claim that the map does not have', { map: { a: 'acme' } }, { org: 'acme' }],
    ['a claim that every map has', { map: { a: 'acme' } }, { org: 'constructor' }],
  ])('is none with %s', (_, claim, claims) => {
    expect(() => claimed(claim, claims)).toThrow(TokenRefused);
  });
});

describe('who it is', () => {
  test('is a person, unless the token was issued to a client for itself', () => {
    expect(meaning()).toMatchObject({ kind: 'human', name: 'ada', acr: '1' });
    expect(meaning({}, { preferred_username: 'service-account-builder' }).kind).toBe('agent');
    expect(meaning({}, { sub: 'builder', client_id: 'builder' }).kind).toBe('agent');
  });

  test('has the first name there is, and none that could not be shown', () => {
    expect(meaning({ name_claim: 'nickname' }).name).toBe('Ada Lovelace');
    expect(meaning({}, { preferred_username: 'a\u0007\nda' }).name).toBe('a  da');
    expect(meaning({}, { preferred_username: 'x'.repeat(500) }).name).toHaveLength(100);
    expect(meaning({}, { preferred_username: 7, name: '' }).name).toBe(keycloak['sub']);
  });

  test('may be somebody for whom another acts, whom the same issuer knows', () => {
    const { issuer } = settings();
    expect(meaning({}, { act: { sub: 'builder' } }).actor).toEqual({ issuer, subject: 'builder' });
    expect(meaning({}, { act: { sub: 'builder', iss: issuer } }).actor).toEqual({
      issuer,
      subject: 'builder',
    });
  });

  test.each([
    { act: 'builder' },
    { act: {} },
    { act: { sub: 7 } },
    { act: { sub: 'x', iss: 'https://other' } },
  ])('%j is refused', claims => {
    expect(() => meaning({}, claims)).toThrow('act');
  });
});

test('a claim of exactly that name comes before a path with dots', () => {
  const claims = { 'https://acme.example/tenant': 'a', 'a.b': 1, a: { b: 2 } };
  expect(claimAt(claims, 'https://acme.example/tenant')).toBe('a');
  expect(claimAt(claims, 'a.b')).toBe(1);
  expect(claimAt(claims, ['a', 'b'])).toBe(2);
});
