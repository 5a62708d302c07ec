import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordActivities } from '../activities/records.ts';
import { newId } from '../domain/ids.ts';
import { insertApproval } from '../test/builders/approval-rows.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { type ApprovalFilter, findApproval, listApprovals } from './approvals.ts';
import { findDeployment, listDeployments, saveEvidence, savePlan } from './deployments.ts';
import { listOperations } from './operations.ts';
import { BadPageToken } from './page.ts';
import { listRuntimes } from './runtimes.ts';

let two: TwoTenants;
const deploys: ReturnType<typeof firstDeploy>[] = [];
beforeAll(async () => {
  two = await twoTenants();
  for (let index = 0; index < 7; index += 1) deploys.push(await admit({ name: `agent-${index}` }));
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');
const maxAgeSeconds = 15;

async function admit(changes: Parameters<typeof firstDeploy>[0]) {
  const defaultQuota = { cpu: 160, memoryMiB: 327_680, pods: 500, storageGiB: 100 };
  const deploy = firstDeploy(changes);
  await records(defaultQuota).admitDeployment(deploy);
  return deploy;
}

const records = (defaultQuota = { cpu: 160, memoryMiB: 327_680, pods: 500, storageGiB: 100 }) =>
  createRecordActivities({ db: two.db, governance: {}, defaultQuota });

describe('pages', () => {
  test('show every runtime once, newest first, though new ones come while they are read', async () => {
    const seen: string[] = [];
    let pageToken: string | undefined;
    for (let page = 0; page < 10; page += 1) {
      const request = { maxAgeSeconds, pageSize: 3, ...(pageToken ? { pageToken } : {}) };
      const { items, nextPageToken } = await listRuntimes(acme(), request);
      seen.push(...items.map(({ name }) => name));
      if (nextPageToken === null) break;
      pageToken = nextPageToken;
      await admit({ name: `later-${page}` });
    }
    expect(seen).toEqual(['agent-6', 'agent-5', 'agent-4', 'agent-3', 'agent-2', 'agent-1', 'agent-0']);
  });

  test('end without a token when the last one is exactly full', async () => {
    const filter = { runtimeId: deploys[0]?.runtimeId };
    const { items, nextPageToken } = await listOperations(acme(), { filter, pageSize: 1 });
    expect(items).toHaveLength(1);
    expect(nextPageToken).toBeNull();
  });

  test('refuse a token of another list, of other filters, and one that was made up', async () => {
    const { nextPageToken } = await listRuntimes(acme(), { maxAgeSeconds, pageSize: 1 });
    const pageToken = nextPageToken ?? '';
    const [fingerprint] = Buffer.from(pageToken, 'base64url').toString('utf8').split('|');
    const pointingAt = (id: string) => Buffer.from(`${fingerprint}|${id}`).toString('base64url');
    const ways = [
      () => listOperations(acme(), { pageSize: 1, pageToken }),
      () => listRuntimes(acme(), { maxAgeSeconds, pageSize: 1, pageToken, filter: { project: 'default' } }),
      () => listRuntimes(acme(), { maxAgeSeconds, pageSize: 1, pageToken: 'made-up' }),
      () => listRuntimes(acme(), { maxAgeSeconds, pageSize: 1, pageToken: '' }),
      () => listRuntimes(acme(), { maxAgeSeconds, pageSize: 1, pageToken: pointingAt('\0') }),
      () => listRuntimes(acme(), { maxAgeSeconds, pageSize: 1, pageToken: pointingAt('\u00ff') }),
    ];
    for (const way of ways) await expect(way()).rejects.toThrow(BadPageToken);
  });

  test.each([0, -1, 201, 1.5, Number.NaN])('refuse a size of %d', async pageSize => {
    await expect(listRuntimes(acme(), { maxAgeSeconds, pageSize })).rejects.toThrow(RangeError);
  });
});

describe('filters', () => {
  test('of operations go by the coarse status', async () => {
    const deploy = await admit({ name: 'finished-one' });
    const ended = { leaves: 'new', outcome: 'rolled_back', message: 'x', step: 1 } as const;
    await records().recordOutcome({ ...deploy, ...ended });
    const failed = await listOperations(acme(), { filter: { status: 'failed' }, pageSize: 200 });
    expect(failed.items.map(({ id }) => id)).toEqual([deploy.operationId]);
    const running = await listOperations(acme(), { filter: { status: 'running' }, pageSize: 200 });
    expect(running.items.map(({ id }) => id)).not.toContain(deploy.operationId);
    expect(running.items.length).toBeGreaterThanOrEqual(7);
  });

  test('of approvals go by status, by operation, and by whether they wait', async () => {
    const { runtimeId, requester } = await admit({ name: 'to-be-approved' });
    const wish = { tenantId: 'acme', runtimeId, requester };
    const open = await insertApproval(two.db, wish);
    const closed = await insertApproval(two.db, { ...wish, status: 'approved' });
    const list = async (filter: ApprovalFilter) =>
      (await listApprovals(acme(), { filter, pageSize: 10 })).items.map(({ id }) => id);
    expect(await list({ status: 'open' })).toEqual([open]);
    expect(await list({ open: false })).toEqual([closed]);
    expect(await list({})).toEqual([closed, open]);
    const operationId = (await findApproval(acme(), open))?.operation_id;
    expect(await list({ operationId })).toEqual([open]);
  });

  test('of another tenant find nothing', async () => {
    const globex = two.db.forTenant('globex');
    const [deploy] = deploys;
    expect((await listRuntimes(globex, { maxAgeSeconds, pageSize: 10 })).items).toEqual([]);
    expect((await listOperations(globex, { pageSize: 10 })).items).toEqual([]);
    expect((await listApprovals(globex, { pageSize: 10 })).items).toEqual([]);
    const runtimeId = deploy?.runtimeId ?? '';
    expect((await listDeployments(globex, { runtimeId, pageSize: 10 })).items).toEqual([]);
  });
});

describe('plan and evidence', () => {
  const plan = {
    digest: 'abc',
    chart: { name: 'agent-runtime', version: '0.1.0' },
    summary: { create: 1, update: 0, unchanged: 0, remove: 0 },
    changes: [{ kind: 'Service', name: 'a', change: 'create' as const, diff: '+ x' }],
  };
  const evidence = {
    collected_at: new Date().toISOString(),
    reason: 'x',
    events: [],
    pods: [],
    see_more: 'kubectl',
  };

  test('are kept with the deployment, in any order, and left out of lists', async () => {
    const { deploymentId, runtimeId } = await admit({ name: 'with-details' });
    await saveEvidence(acme(), { deploymentId, evidence });
    await savePlan(acme(), { deploymentId, plan });
    await savePlan(acme(), { deploymentId, plan: { ...plan, digest: 'newer' } });
    expect(await findDeployment(acme(), deploymentId)).toMatchObject({ plan: { digest: 'newer' }, evidence });
    const { items } = await listDeployments(acme(), { runtimeId, pageSize: 10 });
    expect(items).toHaveLength(1);
    expect(items[0]).not.toHaveProperty('plan');
    expect(items[0]).not.toHaveProperty('evidence');
  });

  test('cannot be put into another tenant’s deployment', async () => {
    const { deploymentId } = await admit({ name: 'not-for-globex' });
    const globex = two.db.forTenant('globex');
    await expect(savePlan(globex, { deploymentId, plan })).rejects.toThrow('foreign key');
    await expect(saveEvidence(globex, { deploymentId: newId('deployment'), evidence })).rejects.toThrow(
      'foreign key',
    );
    expect(await findDeployment(acme(), deploymentId)).toMatchObject({ plan: null });
  });
});
