import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Database, openAsOwner } from '../../db/database.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Role } from '../../domain/principal.ts';
import { freshDatabase } from '../postgres.ts';
import { Caller, must, refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { type System, startSystem } from './system.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

/** Production asks two operators, staging one of them within three seconds. */
const POLICY = {
  name: 'four eyes',
  rules: [
    { kind: 'allow_action' as const, selector: { action: 'deploy.*' } },
    {
      kind: 'require_approval' as const,
      selector: { action: 'deploy.upgrade', environment: 'production' as const },
      params: { quorum: 2, roles: ['operator' as const], expires_in_seconds: 600 },
    },
    {
      kind: 'require_approval' as const,
      selector: { action: 'deploy.upgrade', environment: 'staging' as const },
      params: { quorum: 1, roles: ['operator' as const], expires_in_seconds: 3 },
    },
  ],
};
const TENANT = `people-${process.pid}`;

interface Member {
  readonly id: string;
  readonly caller: Caller;
}

let system: System;
let owner: Pick<Database, 'inTenant' | 'close'>;
let rosa: Member;
let [olaf, otto, gina, emil, olafsAgent, rosasAgent]: Member[] = [];

beforeAll(async () => {
  const database = await freshDatabase();
  system = await startSystem({ database });
  owner = openAsOwner(database.ownerUrl);
  await createTenant(owner, { tenantId: TENANT, policies: [POLICY] });
  rosa = await member('rosa', ['developer', 'operator']);
  olaf = await member('olaf', ['operator']);
  otto = await member('otto', ['operator']);
  gina = await member('gina', ['operator']);
  emil = await member('emil', ['developer']);
  olafsAgent = await member('olafs-agent', ['operator'], idOf(olaf));
  rosasAgent = await member('rosas-agent', ['operator'], rosa.id);
});

afterAll(async () => {
  await system?.stop();
  await owner?.close();
});

async function member(name: string, roles: Role[], ownerId?: string): Promise<Member> {
  const made = await createApiKey(owner, {
    tenantId: TENANT,
    installation: 'test',
    name,
    roles,
    ...(ownerId === undefined ? { kind: 'human' } : { kind: 'agent', ownerId }),
  });
  return { id: made.principalId, caller: new Caller(system.services.apiUrl, made.token) };
}

const idOf = (who: Member | undefined): string => present(who).id;
const as = (who: Member | undefined): Caller => present(who).caller;

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The people are made before the first test.');
  return value;
}

/** An upgrade that waits for its approval. */
async function waiting(name: string, environment: 'production' | 'staging' = 'production') {
  const request = { environment };
  const runtime = await as(rosa).running(name, { version: '1.0.0', agent: { replicas: 1 }, request });
  const { id } = await as(rosa).begin(runtime.id, { version: '1.1.0', agent: { replicas: 1 } });
  const operation = await as(rosa).reaches(id, 'awaiting_approval');
  return { operationId: id, approvalId: operation.approval_id ?? '' };
}

const yes = (who: Member | undefined, approvalId: string) => as(who).decide(approvalId, 'approve');
const withdraw = (who: Member | undefined, approvalId: string) =>
  as(who).post<Approval & { code?: string }>(`/approvals/${approvalId}/withdrawal`, { comment: 'too early' });
const codes = (answers: readonly Awaited<ReturnType<typeof yes>>[]) =>
  answers.map(answer => (answer.status === 200 ? 'taken' : (answer.body.code ?? ''))).sort();
const decisionsOf = async (approvalId: string) => (await as(rosa).approval(approvalId)).decisions;

describe.concurrent('approvals, on the real Temporal', () => {
  it('three at once where two are asked for: two are taken, the third comes late, and it goes on', async () => {
    const { operationId, approvalId } = await waiting('at-once');
    const answers = await Promise.all([olaf, otto, gina].map(who => yes(who, approvalId)));
    expect(codes(answers)).toEqual(['already_decided', 'taken', 'taken']);
    await as(rosa).ends(operationId, 'succeeded');
    expect(await decisionsOf(approvalId)).toHaveLength(2);
  });

  it('one person’s clicks count once, however many come at once', async () => {
    const { operationId, approvalId } = await waiting('double-click');
    const clicks = await Promise.all(Array.from({ length: 5 }, () => yes(olaf, approvalId)));
    expect(codes(clicks)).toEqual([...Array(4).fill('already_decided'), 'taken']);
    expect(await as(rosa).approval(approvalId)).toMatchObject({ status: 'open', decisions: [{}] });
    must(200, await yes(otto, approvalId));
    await as(rosa).ends(operationId, 'succeeded');
  });

  it('one person by key and by agent is one person, also at once; who asked is none, by neither', async () => {
    const { approvalId } = await waiting('one-person');
    const answers = await Promise.all([olaf, olafsAgent].map(who => yes(who, approvalId)));
    expect(codes(answers)).toEqual(['already_decided', 'taken']);
    const own = await Promise.all([rosa, rosasAgent].map(who => yes(who, approvalId)));
    expect(own.map(refusal)).toEqual(Array(2).fill([403, 'four_eyes']));
    expect((await as(rosa).approval(approvalId)).status).toBe('open');
    const traces = await eventually({
      what: 'the question and each click are in the audit',
      read: () => tracesOf(approvalId),
      until: found => found.length === 5,
    });
    expect(traces.sort()).toEqual([
      'accepted approval.open',
      'denied four_eyes',
      'denied four_eyes',
      'refused already_decided',
      'succeeded approval.approve',
    ]);
  });

  it('delegate and delegator at once are one person', async () => {
    const { approvalId } = await waiting('delegated');
    expect(refusal(await yes(emil, approvalId))).toEqual([403, 'permission_missing']);
    await delegated(gina, emil);
    const answers = await Promise.all([gina, emil].map(who => yes(who, approvalId)));
    expect(codes(answers)).toEqual(['already_decided', 'taken']);
    expect((await as(rosa).approval(approvalId)).status).toBe('open');
  });

  it('a yes and a no at once close it once, and never both ways', async () => {
    const { operationId, approvalId } = await waiting('yes-and-no');
    must(200, await yes(olaf, approvalId));
    const [agreed, refused] = await Promise.all([
      yes(otto, approvalId),
      as(gina).decide(approvalId, 'reject', 'not today'),
    ]);
    expect([agreed.status, refused.status].sort()).toEqual([200, 409]);
    await as(rosa).ends(operationId, agreed.status === 200 ? 'succeeded' : 'rejected');
  });

  it('a yes while it expires either counts or is told that it came late, and the outcome agrees', async () => {
    const { operationId, approvalId } = await waiting('expiring', 'staging');
    const end = Date.parse((await as(rosa).approval(approvalId)).expires_at);
    const clicks = [olaf, otto, gina].map(async (who, index) => {
      await delay(Math.max(0, end - Date.now() + (index - 1) * 40));
      return yes(who, approvalId);
    });
    const answers = codes(await Promise.all(clicks));
    const taken = answers.filter(each => each === 'taken').length;
    expect(taken).toBeLessThanOrEqual(1);
    const late = ['approval_expired', 'already_decided', 'not_awaiting_approval'];
    expect(answers.filter(each => each !== 'taken' && !late.includes(each))).toEqual([]);
    await as(rosa).ends(operationId, taken === 1 ? 'succeeded' : 'expired');
    expect((await as(rosa).approval(approvalId)).status).toBe(taken === 1 ? 'approved' : 'expired');
  });

  it('a decision can be taken back and given again', async () => {
    const { operationId, approvalId } = await waiting('taken-back');
    expect(refusal(await withdraw(olaf, approvalId))).toEqual([409, 'nothing_to_withdraw']);
    must(200, await yes(olaf, approvalId));
    must(200, await withdraw(olaf, approvalId));
    expect(await decisionsOf(approvalId)).toMatchObject([{ withdrawn_at: expect.any(String) }]);
    must(200, await yes(otto, approvalId));
    expect((await as(rosa).approval(approvalId)).status).toBe('open');
    must(200, await yes(olaf, approvalId));
    await as(rosa).ends(operationId, 'succeeded');
    expect(refusal(await withdraw(olaf, approvalId))[0]).toBe(409);
  });

  it('a yes by a delegation that has ended before it acts does not count: it is asked again', async () => {
    const { operationId, approvalId } = await waiting('ended-delegation');
    const greta = await member('greta', ['operator']);
    const heir = await member('heir', ['developer']);
    const delegationId = await delegated(greta, heir);
    must(200, await yes(heir, approvalId));
    expect(await decisionsOf(approvalId)).toMatchObject([{ decided_by: 'heir', for: { name: 'greta' } }]);
    await endDelegation(greta, delegationId);
    must(200, await yes(olaf, approvalId));
    const again = await askedAgain(operationId, approvalId);
    expect(await as(rosa).approval(approvalId)).toMatchObject({ status: 'void' });
    expect(await as(rosa).approval(again)).toMatchObject({
      status: 'open',
      supersedes: approvalId,
      difference: 'heir does not decide in the place of greta any more',
      decisions: [],
    });
    await Promise.all([olaf, otto].map(who => yes(who, again)));
    await as(rosa).ends(operationId, 'succeeded');
  });

  it('a yes by a role that was taken away before it acts does not count, and the void approval takes none', async () => {
    const { operationId, approvalId } = await waiting('lost-role');
    const former = await member('former', ['operator']);
    must(200, await yes(former, approvalId));
    await owner.inTenant(TENANT, sql =>
      sql.deleteFrom('role_grants').where('principal_id', '=', former.id).execute(),
    );
    must(200, await yes(olaf, approvalId));
    const again = await askedAgain(operationId, approvalId);
    expect((await as(rosa).approval(again)).difference).toBe('former may not decide on approvals any more');
    expect(refusal(await yes(otto, approvalId))).toEqual([409, 'approval_changed']);
    must(200, await yes(otto, again));
    expect(refusal(await yes(former, again))[0]).toBe(403);
  });

  it('a yes for something that is shown no more is refused', async () => {
    const { approvalId } = await waiting('other-digest');
    const body = { decision: 'approve', digest: '0'.repeat(64) };
    const stale = await as(olaf).post<{ code?: string }>(`/approvals/${approvalId}/decision`, body);
    expect(refusal(stale)).toEqual([409, 'approval_changed']);
    const { digest } = await as(olaf).approval(approvalId);
    must(200, await as(olaf).post(`/approvals/${approvalId}/decision`, { decision: 'approve', digest }));
  });
});

/** What the audit has of an approval: each outcome with the refusal, or with what was done. */
async function tracesOf(approvalId: string): Promise<string[]> {
  const rows = await owner.inTenant(TENANT, sql =>
    sql.selectFrom('audit_records').select('record').where('object_id', '=', approvalId).execute(),
  );
  return rows.map(({ record }) => `${record.outcome} ${record.details['code'] ?? record.action}`);
}

async function delegated(from: Member | undefined, to: Member | undefined): Promise<string> {
  const until = new Date(Date.now() + 600_000).toISOString();
  return must(201, await as(from).post<{ id: string }>('/delegations', { to: idOf(to), until })).id;
}

async function endDelegation(from: Member, id: string): Promise<void> {
  const headers = { authorization: `Bearer ${from.caller.key}` };
  const answer = await fetch(`${from.caller.url}/v1/delegations/${id}`, { method: 'DELETE', headers });
  expect(answer.status).toBe(204);
}

async function askedAgain(operationId: string, before: string): Promise<string> {
  const { approval_id } = await eventually({
    what: 'people are asked again',
    read: (): Promise<Operation> => as(rosa).operation(operationId),
    until: operation => operation.approval_id !== before,
  });
  return approval_id ?? '';
}
