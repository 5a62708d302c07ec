import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Issuer } from '../../domain/identity.ts';
import { TokenVerifier, trust } from './token-verifier.ts';

/** A real OpenID provider, certified by the OpenID Foundation, in this process. */
const AUDIENCE = 'https://runtimeai.example.com';
const CLIENT = { client_id: 'builder', client_secret: 'a secret of this test' };

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', new Provider(url, await configuration()).callback());
});
afterAll(() => new Promise(resolve => server.close(resolve)));

const verifier = (changes: object = {}) =>
  new TokenVerifier([
    trust(Issuer.parse({ issuer: url, audience: AUDIENCE, tenant: { claim: 'tenant' }, ...changes })),
  ]);

test.each(['RS256', 'ES256', 'EdDSA', 'PS256'])('its access token signed by %s is taken', async algorithm => {
  const token = await accessToken({ scope: algorithm });
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: algorithm, typ: 'at+jwt' });
  const verified = await verifier().verify(token);
  expect(verified).toMatchObject({
    issuer: url,
    subject: 'builder',
    kind: 'agent',
    tenantId: 'acme',
    groups: ['users'],
    grants: [{ role: 'viewer', project: null }],
  });
});

test('its access token for another resource is refused', async () => {
  const token = await accessToken({ scope: 'RS256', resource: 'https://other.example.com' });
  await expect(verifier().verify(token)).rejects.toThrow('audience');
});

test('its opaque access token is refused', async () => {
  await expect(verifier().verify(await accessToken())).rejects.toThrow('three parts');
});

test('its token is refused once its key is pinned to another algorithm', async () => {
  const pinned = verifier({ algorithms: ['ES256'] });
  await expect(pinned.verify(await accessToken({ scope: 'RS256' }))).rejects.toThrow('algorithm');
});

/** By client credentials; without a resource the provider makes a token that only it can read. */
async function accessToken(asked: { scope?: string; resource?: string } = {}): Promise<string> {
  const { scope, resource = AUDIENCE } = asked;
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...CLIENT,
      ...(scope !== undefined && { resource, scope }),
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`The provider answered ${response.status} without a token.`);
  return token;
}

async function configuration(): Promise<object> {
  const algorithms = ['RS256', 'ES256', 'EdDSA', 'PS256'];
  return {
    clients: [
      {
        ...CLIENT,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: algorithms,
    jwks: { keys: await Promise.all(algorithms.map(newJwk)) },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // The scope of this test says by which key the token is signed.
        getResourceServerInfo: (context: { oidc: { params: { scope: string } } }, resource: string) => ({
          scope: algorithms.join(' '),
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: context.oidc.params.scope } },
        }),
      },
    },
    extraTokenClaims: () => ({ tenant: 'acme', groups: ['users'] }),
    ttl: { ClientCredentials: 60 },
  };
}

async function newJwk(algorithm: string) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: 'sig', kid: algorithm };
}
