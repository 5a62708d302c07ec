import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Issuer } from '../../domain/identity.ts';
import { type Keycloak, startKeycloak, tokenOf } from '../../test/fakes/keycloak.ts';
import { TokenVerifier, trust } from './token-verifier.ts';

/**
 * Against a real Keycloak: RUNTIMEAI_TEST_KEYCLOAK names the folder of its unpacked distribution, which Maven has as
 * org.keycloak:keycloak-quarkus-dist:26.4.0:zip. Left out without it.
 */
const home = process.env['RUNTIMEAI_TEST_KEYCLOAK'];

describe.skipIf(home === undefined)('a real Keycloak', () => {
  let keycloak: Keycloak;
  let issuer: string;
  beforeAll(async () => {
    keycloak = await startKeycloak(home ?? '');
    issuer = await keycloak.makeRealm(REALM);
  }, 200_000);
  afterAll(() => keycloak?.stop());

  const verify = (token: string) => new TokenVerifier([trust(settings(issuer))]).verify(token);
  const ada = () =>
    tokenOf(issuer, {
      grant_type: 'password',
      client_id: 'console',
      username: 'ada',
      password: 'correct horse',
      scope: 'openid',
    });

  test('says realm roles, client roles and groups, which give what the mapping states', async () => {
    const { access_token: token } = await ada();
    expect(await verify(token)).toMatchObject({
      issuer,
      name: 'ada',
      kind: 'human',
      tenantId: 'acme',
      acr: '1',
      groups: ['teams/platform-admins', 'users'],
      grants: [
        { role: 'developer', project: 'payments' },
        { role: 'operator', project: null },
        { role: 'viewer', project: null },
      ],
    });
  });

  test('says of a client’s own token that it is nobody’s but the client’s', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'builder', client_secret: 'builder-secret' };
    const { access_token: token } = await tokenOf(issuer, form);
    expect(await verify(token)).toMatchObject({ kind: 'agent', name: 'service-account-builder', grants: [] });
  });

  test('has other kinds of tokens, which are refused', async () => {
    const { id_token: id = '', refresh_token: refresh = '' } = await ada();
    await expect(verify(id)).rejects.toThrow('audience');
    await expect(verify(refresh)).rejects.toThrow('algorithm');
    const forIds = new TokenVerifier([trust({ ...settings(issuer), audience: 'console' })]);
    await expect(forIds.verify(id)).rejects.toThrow('ID or refresh');
  });
});

function settings(issuer: string): Issuer {
  return Issuer.parse({
    issuer,
    audience: 'runtimeai',
    tenant: { fixed: 'acme' },
    roles: [
      { claim: 'realm_access.roles', equals: 'platform-operator', role: 'operator' },
      {
        claim: 'resource_access.runtimeai.roles',
        equals: 'deployer',
        role: 'developer',
        project: 'payments',
      },
      { group: 'platform-admins', role: 'tenant_admin' },
      { group: 'users', role: 'viewer' },
    ],
  });
}

const AUDIENCE = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'runtimeai', 'access.token.claim': 'true' },
};

const GROUPS = {
  name: 'groups',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-group-membership-mapper',
  config: { 'claim.name': 'groups', 'full.path': 'true', 'access.token.claim': 'true' },
};

const REALM = {
  realm: 'platform',
  enabled: true,
  sslRequired: 'none',
  roles: { realm: [{ name: 'platform-operator' }], client: { runtimeai: [{ name: 'deployer' }] } },
  groups: [
    { name: 'platform-admins' },
    { name: 'users' },
    { name: 'teams', subGroups: [{ name: 'platform-admins' }] },
  ],
  clients: [
    { clientId: 'runtimeai', enabled: true, bearerOnly: true },
    {
      clientId: 'console',
      enabled: true,
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [AUDIENCE, GROUPS],
    },
    {
      clientId: 'builder',
      enabled: true,
      secret: 'builder-secret',
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      protocolMappers: [AUDIENCE, GROUPS],
    },
  ],
  users: [
    {
      username: 'ada',
      enabled: true,
      email: 'ada@example.com',
      emailVerified: true,
      firstName: 'Ada',
      lastName: 'Lovelace',
      credentials: [{ type: 'password', value: 'correct horse', temporary: false }],
      realmRoles: ['platform-operator'],
      clientRoles: { runtimeai: ['deployer'] },
      groups: ['/users', '/teams/platform-admins'],
    },
  ],
};
