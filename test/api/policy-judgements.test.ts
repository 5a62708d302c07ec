import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { policiesInForce } from '../../db/policies.ts';
import { keepingPolicyDecisions } from '../../db/policy-decisions.ts';
import { newId } from '../../domain/ids.ts';
import type { PolicyAction, PolicyQuestion } from '../../domain/policy.ts';
import { judge } from '../../policy/judge.ts';
import { SAMPLE_QUESTION } from '../../policy/sample-question.ts';
import { PolicyCalls } from './policy-calls.ts';
import { type Recorded, recordDeploys } from './recorded.ts';
import { startServer, type TestServer } from './server.ts';
import { openTenants, type TenantsFixture, type TestTenant } from './tenants.ts';

let tenants: TenantsFixture;
let server: TestServer;
let api: PolicyCalls;
let recorded: Recorded;

beforeAll(async () => {
  tenants = await openTenants();
  server = await startServer(tenants);
  api = new PolicyCalls(tenants, server);
  recorded = await recordDeploys(tenants.database, 'acme');
});

afterAll(async () => {
  await server.close();
  await tenants.close();
});

const ask = (path: string, body?: object, tenant: TestTenant = 'acme') =>
  server.call({
    path: `/v1/policies/${path}`,
    key: tenants.keyOf(tenant, 'analyst'),
    ...(body !== undefined && { body }),
  });
const check = (body: object, tenant?: TestTenant) => ask('check', body, tenant);

describe('asking the policies', () => {
  test('without a runtime takes what the document says for what is left out', async () => {
    const { status, body } = await check({ action: 'lifecycle.create' });
    expect(status).toBe(200);
    expect(body.question).toMatchObject({
      action: 'lifecycle.create',
      tenant: 'acme',
      environment: 'development',
      project: 'default',
      runtime: { id: null, type: 'agent_runtime', labels: {}, lifecycle: 'new' },
      requester: { name: 'acme-analyst', kind: 'human', roles: ['analyst'] },
      before: null,
    });
    expect(body.verdict).toMatchObject({ answer: 'allow', policy: 'sample' });
    const { body: stop } = await check({ action: 'lifecycle.stop', runtime: { type: 'vm' } });
    expect(stop.question).toMatchObject({
      runtime: { type: 'vm', lifecycle: 'running' },
      before: stop.question.desired,
    });
  });

  test('about a runtime takes from it what it is, and lets one say what it shall be', async () => {
    const { body } = await check({
      action: 'lifecycle.scale',
      runtime_id: recorded.runtimeId,
      desired: { replicas: 6, cpu: 3 },
    });
    expect(body.question).toMatchObject({
      environment: 'production',
      project: 'default',
      runtime: { id: recorded.runtimeId, name: 'support-agent', type: 'agent_runtime' },
      desired: { replicas: 6, cpu: 3, image: 'runtimeai.dev/sample-agent:1.0.0' },
    });
    expect(body.question.before.replicas).toBeLessThan(6);
    expect(body.question.cost.after).toBeGreaterThan(body.question.cost.before);
  });

  test('tells the approval it would take, and who demands it', async () => {
    const { body } = await check({ action: 'deploy.upgrade', runtime_id: recorded.runtimeId });
    expect(body.verdict).toMatchObject({ answer: 'require_approval', policy: 'sample' });
    expect(body.explanation.would_pass[0]).toMatch(/approval of one person.*rule 2 of policy "sample"/);
  });

  test('explains which word or which part of a condition did not fit, with the values', async () => {
    const rules = [
      {
        kind: 'deny_action',
        selector: { action: 'lifecycle.*' },
        when: 'desired.replicas > 10 && requester.kind == "agent"',
      },
      { kind: 'deny_action', selector: { action: 'lifecycle.*', project: 'payments' } },
    ];
    await api.during({ name: 'careful', rules }, async () => {
      const asked = { action: 'lifecycle.scale', requester: { kind: 'agent' } };
      const { body } = await check({ ...asked, desired: { replicas: 4 } });
      const [first, second] = body.explanation.rules.filter(
        ({ policy }: { policy: string }) => policy === 'careful',
      );
      expect(first).toMatchObject({ outcome: 'condition', when: { holds: false } });
      expect(first.when.because).toContainEqual({
        text: 'desired.replicas > 10',
        holds: false,
        values: [{ term: 'desired.replicas', value: '4' }],
      });
      expect(second).toMatchObject({
        outcome: 'selector',
        misfits: [{ word: 'project', wanted: 'payments', is: 'default' }],
      });
      const denied = await check({ ...asked, desired: { replicas: 11 } });
      expect(denied.body.verdict).toMatchObject({ answer: 'deny', policy: 'careful' });
      expect(denied.body.explanation.would_pass.join()).toContain('desired.replicas');
    });
  });

  test('reckons budgets by the price table, or by the costs one gives', async () => {
    const rules = [{ kind: 'budget_guardrail', params: { monthly: 500_000 } }];
    await api.during({ name: 'thrifty', rules }, async () => {
      const cheap = await check({ action: 'lifecycle.create' });
      expect(cheap.body.verdict.answer).toBe('allow');
      expect(cheap.body.verdict.obligations.budgets).toMatchObject([{ per: 'tenant', monthly: 500_000 }]);
      expect(cheap.body.question.cost.tenant).toBeGreaterThan(0);
      const gpus = await check({ action: 'lifecycle.create', desired: { gpus: 8 } });
      expect(gpus.body.verdict).toMatchObject({ answer: 'deny', policy: 'thrifty' });
      const full = await check({ action: 'lifecycle.create', cost: { tenant: 500_000 } });
      expect(full.body.verdict.answer).toBe('deny');
    });
  });

  test('tells beside the verdict what shadow policies would say', async () => {
    const rules = [{ kind: 'deny_action', selector: { action: 'lifecycle.create' } }];
    await api.during({ name: 'to-come', mode: 'shadow', rules }, async () => {
      const { body } = await check({ action: 'lifecycle.create' });
      expect(body.verdict).toMatchObject({ answer: 'allow', shadow: { answer: 'deny' } });
    });
  });

  test('keeps no decision and changes nothing', async () => {
    const kept = () => ask('replay', { policies: [] });
    const before = (await kept()).body.decisions;
    await check({ action: 'deploy.upgrade', runtime_id: recorded.runtimeId });
    expect((await kept()).body.decisions).toBe(before);
  });

  test('takes an Idempotency-Key and does not keep it', async () => {
    const call = (body: object) =>
      server.call({
        path: '/v1/policies/check',
        key: tenants.keyOf('acme', 'analyst'),
        body,
        headers: { 'idempotency-key': 'one-key' },
      });
    expect((await call({ action: 'lifecycle.stop' })).status).toBe(200);
    expect((await call({ action: 'lifecycle.start' })).body.question.action).toBe('lifecycle.start');
  });

  test.each([
    [{}, 400, 'invalid_request', '/action'],
    [{ action: 'lifecycle.fly' }, 400, 'invalid_request', '/action'],
    [{ action: 'lifecycle.stop', tenant: 'globex' }, 400, 'invalid_request', '/tenant'],
    [
      { action: 'lifecycle.stop', desired: { replicas: 'many' } },
      400,
      'invalid_request',
      '/desired/replicas',
    ],
    [{ action: 'lifecycle.stop', desired: { pods: 1 } }, 400, 'invalid_request', '/desired/pods'],
    [
      { action: 'lifecycle.stop', requester: { roles: ['god'] } },
      400,
      'invalid_request',
      '/requester/roles/0',
    ],
    [{ action: 'lifecycle.stop', now: 'noon' }, 400, 'invalid_request', '/now'],
    [{ action: 'lifecycle.stop', now: '9999-12-31T23:59:59-01:00' }, 422, 'unprocessable_request', '/now'],
    [{ action: 'lifecycle.stop', cost: { after: 1e31 } }, 400, 'invalid_request', '/cost/after'],
  ])('with %j is %s %s at %s', async (body, status, code, pointer) => {
    const answer = await check(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('takes a point in time with any offset, and answers it in UTC', async () => {
    const { body } = await check({ action: 'lifecycle.stop', now: '2026-01-05T12:00:00+02:00' });
    expect(body.question.now).toBe('2026-01-05T10:00:00.000Z');
  });

  test('does not let one say of a named runtime what is known of it', async () => {
    const { status, body } = await check({
      action: 'lifecycle.stop',
      runtime_id: recorded.runtimeId,
      environment: 'development',
      project: 'other',
    });
    expect([status, body.code]).toEqual([422, 'unprocessable_request']);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/environment',
      '/project',
    ]);
  });

  test('knows no runtime of another tenant, and judges by one’s own policies', async () => {
    const asked = { action: 'lifecycle.stop', runtime_id: recorded.runtimeId };
    const theirs = await check(asked, 'globex');
    expect([theirs.status, theirs.body.code]).toEqual([404, 'runtime_not_found']);
    const none = await check({ ...asked, runtime_id: newId('runtime') }, 'globex');
    expect(none.body.code).toBe('runtime_not_found');
    const rules = [{ kind: 'deny_action' }];
    await api.during({ name: 'nothing-at-all', rules }, async () => {
      expect((await check({ action: 'lifecycle.create' })).body.verdict.answer).toBe('deny');
      expect((await check({ action: 'lifecycle.create' }, 'globex')).body.verdict.answer).toBe('allow');
    });
  });
});

describe('testing policies', () => {
  const freeze = {
    name: 'freeze',
    scope_env: 'production',
    rules: [
      { kind: 'deny_action', selector: { action: 'deploy.*' }, reason: 'holidays' },
      { kind: 'allow_action', selector: { action: 'lifecycle.restart' } },
    ],
  };
  const fixture = (name: string, action: PolicyAction, expected: object) => ({
    name,
    question: { action, environment: 'production' },
    expect: expected,
  });

  test('a draft: which fixtures hold, what came instead, and which rules none of them met', async () => {
    const { status, body } = await ask('test', {
      policies: [freeze],
      fixtures: [
        fixture('no deploys', 'deploy.upgrade', {
          answer: 'deny',
          policy: 'freeze',
          rule: 1,
          reason: 'holidays',
        }),
        fixture('stopping is fine', 'lifecycle.stop', { answer: 'allow' }),
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      passed: 1,
      failed: 1,
      fixtures: [
        { name: 'no deploys', passed: true, differences: [] },
        {
          name: 'stopping is fine',
          passed: false,
          differences: [{ word: 'answer', expected: 'allow', came: 'deny' }],
        },
      ],
      coverage: {
        never_matched: 1,
        rules: [
          { rule: 1, matched: 1 },
          { rule: 2, matched: 0 },
        ],
      },
    });
  });

  test('the tenant’s own policies where no draft is given', async () => {
    const fixtures = [fixture('upgrades', 'deploy.upgrade', { answer: 'require_approval', quorum: 1 })];
    expect((await ask('test', { fixtures })).body).toMatchObject({ passed: 1, failed: 0 });
    const other = await ask('test', { policies: [], fixtures });
    expect(other.body.fixtures[0].verdict).toMatchObject({ answer: 'deny', policy: 'none' });
  });

  test.each([
    [{ fixtures: [] }, 400, '/fixtures'],
    [{ fixtures: [{ name: 'x', question: {}, expect: {} }] }, 400, '/fixtures/0/expect/answer'],
    [
      { fixtures: [{ name: 'x', question: { actoin: 'deploy.upgrade' }, expect: { answer: 'deny' } }] },
      400,
      '/fixtures/0/question/actoin',
    ],
    [
      {
        policies: [freeze, { name: 'bad', rules: [{ kind: 'deny_action', when: 'nobody.knows' }] }],
        fixtures: [fixture('x', 'deploy.upgrade', { answer: 'deny' })],
      },
      422,
      '/policies/1/rules/0/when',
    ],
  ])('with %j is %s at %s', async (body, status, pointer) => {
    const answer = await ask('test', body);
    expect(answer.status).toBe(status);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('asks no more than a request may take', async () => {
    const policies = Array.from({ length: 3 }, (_, index) => ({
      name: `large-${index}`,
      rules: Array.from({ length: 200 }, () => ({ kind: 'deny_action', selector: { project: 'x' } })),
    }));
    const fixtures = Array.from({ length: 200 }, (_, index) =>
      fixture(`f${index}`, 'deploy.upgrade', { answer: 'allow' }),
    );
    const answer = await ask('test', { policies, fixtures });
    expect([answer.status, answer.body.errors?.[0].pointer]).toEqual([422, '/fixtures']);
    expect(answer.body.detail).toContain('at most 166');
  });
});

describe('replaying decisions', () => {
  const keep = (tenant: TestTenant, changes: Partial<PolicyQuestion>) =>
    tenants.database.inTenant(tenant, async sql => {
      const policies = await policiesInForce(sql);
      const question = { ...SAMPLE_QUESTION, tenant, ...changes };
      const verdict = judge(question, policies);
      await keepingPolicyDecisions({
        operationId: newId('operation'),
        runtimeId: newId('runtime'),
        moment: 'admission',
        decisions: [{ step: 0, question, verdict }],
        policies,
      }).execute(sql);
    });
  const open = { name: 'open', rules: [{ kind: 'allow_action' }] };

  test('tells what a draft would have answered otherwise, and nothing of other tenants', async () => {
    for (let round = 0; round < 3; round += 1)
      await keep('globex', { action: 'deploy.upgrade', environment: 'production' });
    await keep('globex', { action: 'lifecycle.stop' });
    const same = await ask('replay', { policies: [open] }, 'globex');
    expect(same.body).toMatchObject({
      decisions: 4,
      unchanged: 1,
      counts: [{ from: 'require_approval', to: 'allow', decisions: 3 }],
    });
    const freeze = { name: 'freeze', rules: [{ kind: 'deny_action' }] };
    const { body } = await ask('replay', { policies: [open, freeze] }, 'globex');
    expect(body.counts).toEqual([
      { from: 'require_approval', to: 'deny', decisions: 3 },
      { from: 'allow', to: 'deny', decisions: 1 },
    ]);
    expect(body.changed[0]).toMatchObject({
      id: expect.stringMatching(/^dec_/),
      why: expect.stringContaining('freeze'),
    });
    const acmes = (await ask('replay', { policies: [open] })).body.decisions;
    await keep('globex', { action: 'lifecycle.start' });
    expect((await ask('replay', { policies: [open] })).body.decisions).toBe(acmes);
  });

  test('takes the newest, as many as are asked for, and since when', async () => {
    const limited = await ask('replay', { policies: [open], limit: 2 }, 'globex');
    expect(limited.body.decisions).toBe(2);
    const since = new Date(Date.now() + 60_000).toISOString();
    expect((await ask('replay', { policies: [open], since }, 'globex')).body.decisions).toBe(0);
  });

  test.each([
    [{}, 400, '/policies'],
    [{ policies: [], limit: 5_001 }, 400, '/limit'],
    [{ policies: [], since: 'yesterday' }, 400, '/since'],
    [{ policies: [{ name: 'a', rules: [{ kind: 'data_egress' }] }] }, 422, '/policies/0/rules/0/params'],
  ])('with %j is %s at %s', async (body, status, pointer) => {
    const answer = await ask('replay', body);
    expect(answer.status).toBe(status);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });
});
