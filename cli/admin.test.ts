import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticate } from '../db/api-keys.ts';
import { openDatabase } from '../db/database.ts';
import { ensureDevIssuerKey } from '../process/dev-issuer.ts';
import { freshDatabase, type TestDatabase } from '../test/postgres.ts';

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), 'runtimeai-admin-'));
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function admin(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'], RUNTIMEAI_DATABASE_OWNER_URL: database.ownerUrl, ...environment };
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'admin.ts'), ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('a tenant, a key and its end, as an operator does it', async () => {
  expect(await admin(['migrate'])).toMatchObject({ code: 0, stdout: 'The schema is the newest already.\n' });
  expect(await admin(['tenant', 'create', 'acme'])).toMatchObject({ code: 0, stdout: 'Made tenant acme.\n' });
  expect((await admin(['tenant', 'create', 'acme'])).stdout).toContain('there already');
  const made = await admin(
    [
      'key',
      'create',
      '--tenant',
      'acme',
      '--name',
      'Ada',
      '--role',
      'developer',
      'viewer',
      '--expires',
      '90d',
      '--quiet',
    ],
    { RUNTIMEAI_INSTALLATION: 'lab' },
  );
  expect(made).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^rtai_lab_\S+\n$/) });
  const db = await openDatabase(database.appUrl);
  const token = made.stdout.trim();
  expect(await authenticate(db, token)).toMatchObject({ name: 'Ada', roles: ['developer', 'viewer'] });
  const keyId = token.split('_')[2] ?? '';
  const list = await admin(['key', 'list', '--tenant', 'acme']);
  expect(list.stdout).toContain(keyId);
  expect(list.stdout).not.toContain(token.split('_')[3]);
  expect((await admin(['key', 'revoke', keyId, '--tenant', 'acme'])).code).toBe(0);
  expect(await authenticate(db, token)).toBeUndefined();
  await db.close();
});

test('a key is rotated and an agent gets one with an owner, as an operator does it', async () => {
  await admin(['tenant', 'create', 'hooli']);
  const create = ['key', 'create', '--tenant', 'hooli', '--quiet', '--name'];
  const person = await admin([...create, 'Ada', '--role', 'developer', '--scope', 'runtime:read', 'key:own']);
  const keyId = person.stdout.split('_')[2] ?? '';
  const rotated = await admin(['key', 'rotate', keyId, '--tenant', 'hooli', '--old-ends-in', '2h']);
  expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining(`replaces ${keyId}`) });
  const again = await admin(['key', 'rotate', keyId, '--tenant', 'hooli']);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('in use already') });
  const db = await openDatabase(database.appUrl);
  const ada = await authenticate(db, rotated.stdout.trim());
  expect(ada?.scopes).toEqual(['runtime:read', 'key:own']);
  const owner = ada?.id ?? '';
  const agent = await admin([...create, 'Builder', '--role', 'viewer', '--kind', 'agent', '--owner', owner]);
  expect(await authenticate(db, agent.stdout.trim())).toMatchObject({ kind: 'agent', personId: owner });
  const login = [
    '--tenant',
    'hooli',
    '--principal',
    owner,
    '--issuer',
    'https://id.example.com',
    '--subject',
    'ada',
  ];
  expect(await admin(['member', 'link', ...login])).toMatchObject({ code: 0, stderr: '' });
  await db.close();
});

test('a token of the development issuer is printed for whoever has its key', async () => {
  const file = join(folder, 'development-issuer.pem');
  ensureDevIssuerKey(file);
  const args = ['token', '--tenant', 'acme', '--name', 'ada', '--role', 'developer', '--acr', 'mfa'];
  const { stdout, code } = await admin(args, { RUNTIMEAI_DEV_ISSUER_KEY_FILE: file });
  expect(code).toBe(0);
  const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString('utf8'));
  expect(claims).toMatchObject({ tenant: 'acme', name: 'ada', roles: ['developer'], acr: 'mfa' });
});

test('policies are set from a file and shown as they can be set again', async () => {
  await admin(['tenant', 'create', 'globex', '--policy', 'open']);
  const file = join(folder, 'policy.yaml');
  writeFileSync(
    file,
    'name: careful\nrules:\n  - kind: require_approval\n    params: {quorum: 2, expires_in_seconds: 60}\n',
  );
  expect(await admin(['policy', 'set', '--tenant', 'globex', '--file', file])).toMatchObject({ code: 0 });
  const shown = await admin(['policy', 'show', '--tenant', 'globex']);
  expect(shown.stdout).toContain('quorum: 2');
  writeFileSync(file, shown.stdout);
  expect(await admin(['policy', 'set', '--tenant', 'globex', '--file', file])).toMatchObject({ code: 0 });
});

test('a policy file that is none is answered with the place within it', async () => {
  const file = join(folder, 'wrong.yaml');
  for (const text of ['rules', 'policies:\n  - name: n\n    rules', '- name: n\n  rules']) {
    writeFileSync(file, `${text.startsWith('rules') ? 'name: n\n' : ''}${text}: [{kind: refuse}]\n`);
    const { code, stderr } = await admin(['policy', 'set', '--tenant', 'acme', '--file', file]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rules\[0\]\.kind/);
  }
});

test('the quota of a project is set, raised and shown', async () => {
  await admin(['tenant', 'create', 'umbrella']);
  const project = ['--tenant', 'umbrella', '--project', 'default'];
  const quota = (pods: string) => [...project, '--cpu', '2.5', '--memory-mib', '4096', '--pods', pods];
  for (const pods of ['4', '40'])
    expect(await admin(['project', 'quota', ...quota(pods), '--storage-gib', '0'])).toMatchObject({
      code: 0,
    });
  expect((await admin(['project', 'show', '--tenant', 'umbrella'])).stdout).toBe(
    'default: 2.5 CPU cores, 4096 MiB of memory, 40 pods, 0 GiB of storage\n',
  );
});

const QUOTA = ['--cpu', '1', '--memory-mib', '1', '--storage-gib', '1'];

test.each([
  ['no owner address', ['migrate'], { RUNTIMEAI_DATABASE_OWNER_URL: '' }, 'RUNTIMEAI_DATABASE_OWNER_URL'],
  [
    'a database that is not there',
    ['tenant', 'create', 'acme'],
    { RUNTIMEAI_DATABASE_OWNER_URL: 'postgres://owner:secret@127.0.0.1:1/runtimeai' },
    'PostgreSQL at 127.0.0.1:1/runtimeai could not be used',
  ],
  ['a bad tenant', ['tenant', 'create', 'a--b'], {}, 'single hyphens'],
  [
    'an unknown tenant',
    ['key', 'create', '--tenant', 'nobody', '--name', 'x', '--role', 'viewer'],
    {},
    'no tenant nobody',
  ],
  [
    'an unknown role',
    ['key', 'create', '--tenant', 'acme', '--name', 'x', '--role', 'god'],
    {},
    'tenant_admin, developer',
  ],
  [
    'a policy that is no file',
    ['tenant', 'create', 'initech', '--policy', 'nope'],
    {},
    'neither "sample" nor "open"',
  ],
  [
    'a quota of an unknown tenant',
    ['project', 'quota', '--tenant', 'nobody', '--project', 'default', '--pods', '1', ...QUOTA],
    {},
    'no tenant nobody',
  ],
  [
    'a project that is not there',
    ['project', 'show', '--tenant', 'acme', '--project', 'nope'],
    {},
    'Tenant acme has no project nope',
  ],
  [
    'a quota of no pods',
    ['project', 'quota', '--tenant', 'acme', '--project', 'default', '--pods', '0', ...QUOTA],
    {},
    'at pods',
  ],
  [
    'a quota that is no number',
    ['project', 'quota', '--tenant', 'acme', '--project', 'default', '--pods', 'many', ...QUOTA],
    {},
    'must be a number',
  ],
  [
    'a token without the key',
    ['token', '--tenant', 'acme', '--name', 'ada'],
    {},
    'RUNTIMEAI_DEV_ISSUER_KEY_FILE',
  ],
  [
    'a key of nobody, with no role',
    ['key', 'create', '--tenant', 'acme', '--name', 'x'],
    {},
    'Say by --role',
  ],
  [
    'a key that is not there',
    ['key', 'rotate', 'ffffffffffffffff', '--tenant', 'acme'],
    {},
    'has no key ffffffffffffffff in use',
  ],
  [
    'a login of a principal that is not there',
    [
      ...['member', 'link', '--tenant', 'acme', '--principal', 'prn_01h455vb4pex5vsknk084sn02q'],
      ...['--issuer', 'https://id.example.com', '--subject', 'ada'],
    ],
    {},
    'has no principal prn_01h455vb4pex5vsknk084sn02q',
  ],
  [
    'a strange duration',
    ['key', 'create', '--tenant', 'acme', '--name', 'x', '--role', 'viewer', '--expires', '3y'],
    {},
    'e.g. 90d',
  ],
])('%s ends with a message that says what to do, and no stack', async (_, args, environment, message) => {
  const { code, stdout, stderr } = await admin(args, environment);
  expect(code).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});
