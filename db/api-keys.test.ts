import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../domain/ids.ts';
import { withClient } from '../test/postgres.ts';
import { type TwoTenants, twoTenants } from '../test/tenants.ts';
import { newApiKey, readApiKey } from './api-key-format.ts';
import { authenticate, listApiKeys, revokeApiKey } from './api-keys.ts';
import { keepClaims } from './logins.ts';
import { createApiKey } from './tenants.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

const request = {
  tenantId: 'acme',
  installation: 'lab',
  name: 'Ada',
  roles: ['developer'],
} satisfies Parameters<typeof createApiKey>[1];

const disable = (principalId: string) =>
  withClient(two.database.superuserUrl, client =>
    client.query('update principals set disabled_at = now() where id = $1', [principalId]),
  );

describe('the format of a key', () => {
  test('can be read back', () => {
    const { token, ...parts } = newApiKey('lab');
    expect(token).toMatch(/^rtai_lab_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-z]{7}$/);
    expect(readApiKey(token)).toEqual(parts);
  });

  test('tells every single mistyped character', () => {
    const { token } = newApiKey('lab');
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === 'a' ? 'b' : 'a';
      expect(readApiKey(token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined();
    }
  });

  test.each(['', 'rtai_', 'Bearer x', 'rtai_lab_1_2_3', `rtai_${'x'.repeat(10_000)}`])(
    'refuses %.20s',
    text => {
      expect(readApiKey(text)).toBeUndefined();
    },
  );
});

describe('authenticate', () => {
  test('knows whose key it is before it knows the tenant', async () => {
    const { token, keyId, principalId } = await createApiKey(two.owner, request);
    expect(await authenticate(two.db, token)).toEqual({
      id: principalId,
      name: 'Ada',
      kind: 'human',
      tenantId: 'acme',
      roles: ['developer'],
      grants: [{ role: 'developer', project: null }],
      groups: [],
      personId: principalId,
      credential: { kind: 'key', id: keyId },
    });
  });

  test('knows two keys of one principal as the same', async () => {
    const principalId = newId('principal');
    const keys = [1, 2].map(() => createApiKey(two.owner, { ...request, principalId }));
    for (const key of keys)
      expect(await authenticate(two.db, (await key).token)).toMatchObject({ id: principalId });
  });

  test('refuses a right key id with another secret', async () => {
    const real = await createApiKey(two.owner, request);
    const forged = newApiKey('lab');
    const stored = await createApiKey(two.owner, request);
    expect(await authenticate(two.db, forged.token)).toBeUndefined();
    await withClient(two.database.superuserUrl, async client => {
      await client.query('delete from api_keys where key_id = $1', [stored.keyId]);
      await client.query('update api_keys set key_id = $1 where key_id = $2', [forged.keyId, real.keyId]);
    });
    expect(await authenticate(two.db, forged.token)).toBeUndefined();
  });

  test('refuses a revoked key from the next request on', async () => {
    const { token, keyId } = await createApiKey(two.owner, request);
    expect(await authenticate(two.db, token)).toBeDefined();
    const revoke = () => two.owner.inTenant('acme', db => revokeApiKey(db, keyId));
    expect(await revoke()).toBe(true);
    expect(await authenticate(two.db, token)).toBeUndefined();
    expect(await revoke()).toBe(false);
  });

  test('refuses every key of a disabled principal', async () => {
    const principalId = newId('principal');
    const { token } = await createApiKey(two.owner, { ...request, principalId });
    await disable(principalId);
    expect(await authenticate(two.db, token)).toBeUndefined();
  });

  test('knows what was granted, and what the newest token of the same person claims', async () => {
    const { token, principalId } = await createApiKey(two.owner, { ...request, project: 'payments' });
    await two.owner.inTenant('acme', db =>
      keepClaims(db, principalId, {
        name: 'Ada L.',
        kind: 'human',
        grants: [
          { role: 'viewer', project: null },
          { role: 'operator', project: 'support' },
        ],
        groups: ['users'],
        issuedAt: new Date(),
      }),
    );
    const principal = await authenticate(two.db, token);
    expect(principal).toMatchObject({ name: 'Ada L.', groups: ['users'] });
    expect(principal?.grants).toHaveLength(3);
    expect(principal?.grants).toEqual(
      expect.arrayContaining([
        { role: 'developer', project: 'payments' },
        { role: 'viewer', project: null },
        { role: 'operator', project: 'support' },
      ]),
    );
  });

  test('refuses an expired key', async () => {
    const { token, keyId } = await createApiKey(two.owner, { ...request, expiresInSeconds: 60 });
    expect(await authenticate(two.db, token)).toBeDefined();
    await withClient(two.database.superuserUrl, client =>
      client.query(`update api_keys set expires_at = now() - interval '1 second' where key_id = $1`, [keyId]),
    );
    expect(await authenticate(two.db, token)).toBeUndefined();
  });
});

test('the database keeps no secret, and lists show no hash', async () => {
  const { token } = await createApiKey(two.owner, request);
  const secret = readApiKey(token)?.secret ?? 'missing';
  const { rows } = await withClient(two.database.superuserUrl, client =>
    client.query<{ line: string }>('select k::text as line from api_keys k'),
  );
  expect(rows.map(({ line }) => line).join()).not.toContain(secret);
  const keys = await two.owner.inTenant('acme', listApiKeys);
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(key).not.toHaveProperty('secret_hash');
});

test('a tenant neither sees nor revokes another tenant’s keys', async () => {
  const { keyId, token } = await createApiKey(two.owner, request);
  expect(await two.owner.inTenant('globex', listApiKeys)).toEqual([]);
  expect(await two.owner.inTenant('globex', db => revokeApiKey(db, keyId))).toBe(false);
  expect(await authenticate(two.db, token)).toBeDefined();
});

test('a key is only made for a tenant that exists', async () => {
  await expect(createApiKey(two.owner, { ...request, tenantId: 'nobody' })).rejects.toThrow(
    'no tenant nobody',
  );
});
