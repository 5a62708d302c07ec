import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { freshDatabase, type TestDatabase, withClient } from '../../test/postgres.ts';

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), 'runtimeai-policies-'));
const ADMIN = join(import.meta.dirname, '..', 'admin.ts');

beforeAll(async () => {
  database = await freshDatabase();
  await admin('tenant', 'create', 'acme');
  await admin('tenant', 'create', 'acme-lab', '--parent', 'acme', '--policy', 'open');
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

function admin(...args: string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], RUNTIMEAI_DATABASE_OWNER_URL: database.ownerUrl };
  return new Promise(resolve => {
    execFile(process.execPath, [ADMIN, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const policy = (command: string, ...args: string[]) => admin('policy', command, ...args);

function fileOf(content: unknown): string {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(file, stringify(content));
  return file;
}

const FREEZE = {
  name: 'freeze',
  scope_env: 'production',
  rules: [
    { kind: 'deny_action', selector: { action: 'deploy.*' }, reason: 'holidays' },
    { kind: 'allow_action', selector: { action: 'lifecycle.restart' } },
  ],
};
const LATER = {
  name: 'later',
  mode: 'shadow',
  rules: [
    { kind: 'budget_guardrail', params: { monthly: 100 } },
    { kind: 'data_egress', selector: { labels: { data: '*' } }, params: { cidrs: ['10.0.0.0/8'] } },
    { kind: 'deny_action', when: 'requester.kind == "agent" && desired.gpus > 0' },
  ],
};

describe('admin policy set and show', () => {
  test('take rules of every kind and modes, and give them back as they can be set again', async () => {
    const file = fileOf({ policies: [FREEZE, LATER] });
    const done = await policy('set', '--tenant', 'acme', '--file', file);
    expect(done).toMatchObject({ code: 0, stdout: 'Tenant acme now has: freeze, later.\n' });
    const shown = await policy('show', '--tenant', 'acme');
    expect(parse(shown.stdout)).toMatchObject({ policies: [FREEZE, LATER] });
    const again = fileOf(parse(shown.stdout));
    expect((await policy('set', '--tenant', 'acme', '--file', again)).code).toBe(0);
    expect((await policy('show', '--tenant', 'acme')).stdout).toBe(shown.stdout);
  });

  test('keep versions and an audit record of what changed, and of nothing else', async () => {
    const file = fileOf([{ ...FREEZE, scope_env: 'staging' }, LATER]);
    await policy('set', '--tenant', 'acme', '--file', file);
    const { versions, records } = await withClient(database.superuserUrl, async client => ({
      versions: (
        await client.query(`select name, version, removed, changed_by from policy_versions
          where tenant_id = 'acme' order by name, version`)
      ).rows,
      records: (
        await client.query(`select record ->> 'action' as action, record -> 'object' ->> 'name' as name,
          record -> 'actor' ->> 'id' as actor from audit_records
          where tenant_id = 'acme' and record ->> 'action' like 'policy.%' order by at, id`)
      ).rows,
    }));
    expect(versions).toEqual([
      { name: 'freeze', version: 1, removed: false, changed_by: 'operator' },
      { name: 'freeze', version: 2, removed: false, changed_by: 'operator' },
      { name: 'later', version: 1, removed: false, changed_by: 'operator' },
      { name: 'sample', version: 1, removed: false, changed_by: 'operator' },
      { name: 'sample', version: 2, removed: true, changed_by: 'operator' },
    ]);
    expect(records).toEqual([
      { action: 'policy.create', name: 'sample', actor: 'operator' },
      { action: 'policy.delete', name: 'sample', actor: 'operator' },
      { action: 'policy.create', name: 'freeze', actor: 'operator' },
      { action: 'policy.create', name: 'later', actor: 'operator' },
      { action: 'policy.update', name: 'freeze', actor: 'operator' },
    ]);
  });

  test('refuse what nobody would enforce with the place, and warn of what contradicts', async () => {
    const bad = fileOf({
      name: 'bad',
      rules: [{ kind: 'allow_action' }, { kind: 'deny_action', when: 'a.b' }],
    });
    const refused = await policy('set', '--tenant', 'acme', '--file', bad);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/policy "bad", rule 2, when: .*line 1, column 1/);
    const both = fileOf({ name: 'both', rules: [{ kind: 'allow_action' }, { kind: 'deny_action' }] });
    const warned = await policy('set', '--tenant', 'acme-lab', '--file', both);
    expect(warned).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Warning: rule 1 .*rule 2 of policy/),
    });
    await policy('set', '--tenant', 'acme-lab', '--file', 'open');
  });
});

describe('admin policy check', () => {
  test('prints the answer, and why', async () => {
    await policy('set', '--tenant', 'acme', '--file', fileOf(FREEZE));
    const asked = ['--tenant', 'acme', '--action', 'deploy.upgrade', '--environment', 'production'];
    const { code, stdout } = await policy('check', ...asked);
    expect([code, parse(stdout)]).toMatchObject([
      0,
      { answer: 'deny', policy: 'freeze', reason: expect.stringContaining('holidays') },
    ]);
  });

  test('judges below what is denied above, and a draft in place of the tenant’s own', async () => {
    const question = fileOf({ action: 'deploy.install', environment: 'production' });
    const below = await policy('check', '--tenant', 'acme-lab', '--question', question, '--file', 'open');
    expect(parse(below.stdout)).toMatchObject({
      answer: 'deny',
      reason: expect.stringContaining('tenant acme above'),
    });
    const draft = await policy('check', '--tenant', 'acme', '--question', question, '--file', 'open');
    expect(parse(draft.stdout)).toMatchObject({ answer: 'allow', policy: 'open' });
  });
});

describe('admin policy test', () => {
  const upgrade = { action: 'deploy.upgrade', environment: 'production' };
  const passing = { name: 'no deploys', question: upgrade, expect: { answer: 'deny', policy: 'freeze' } };
  const failing = { name: 'deploys', question: upgrade, expect: { answer: 'allow' } };

  test('ends with 0 when all fixtures pass, and names the rules that none has met', async () => {
    const { code, stdout } = await policy('test', '--file', fileOf([passing]), '--policies', fileOf(FREEZE));
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'passed  no deploys',
      'unmet   rule 2 of policy "freeze" (allow_action)',
      '1 of 2 rules were met by a fixture.',
      '1 passed, 0 failed',
      '',
    ]);
  });

  test('ends with 1 when one fails, and says what came instead', async () => {
    const file = fileOf({ fixtures: [passing, failing], policies: [FREEZE] });
    const { code, stdout } = await policy('test', '--file', file);
    expect(code).toBe(1);
    expect(stdout).toContain('FAILED  deploys\n        answer: expected allow, came deny');
    expect(stdout).toMatch(/1 passed, 1 failed\n$/);
  });

  test('takes the policies of a tenant, with those above it', async () => {
    const { code } = await policy('test', '--file', fileOf([passing]), '--tenant', 'acme-lab');
    expect(code).toBe(0);
  });

  test.each([
    [{ fixtures: [{ name: 'x', question: { actoin: 'x' }, expect: { answer: 'deny' } }] }, 'actoin'],
    [[{ name: 'x', question: {}, expect: { answer: 'maybe' } }], 'fixtures[0].expect.answer'],
    [[passing], '--policies or --tenant'],
  ])('answers %j with what is wrong', async (content, words) => {
    const { code, stderr } = await policy('test', '--file', fileOf(content));
    expect(code).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

test('admin policy export prints manifests for kubectl, and as comments what they leave out', async () => {
  const careful = { ...FREEZE, rules: [...FREEZE.rules, { kind: 'require_approval' }] };
  await policy('set', '--tenant', 'acme', '--file', fileOf(careful));
  const { code, stdout } = await policy('export', '--tenant', 'acme', '--except-user', 'runtimeai');
  expect(code).toBe(0);
  expect(stdout).toContain('# left out: rule 3 of policy "freeze": a require_approval needs');
  const documents = parseAllDocuments(stdout).map(document => document.toJS());
  expect(documents.map(({ kind }) => kind)).toEqual([
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
  ]);
  expect(documents[0].spec.matchConditions.at(-1).expression).toContain('"runtimeai"');
});
