import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReleaseInput } from '../../activities/helm.ts';
import { ROOMY } from '../builders/slot-quota.ts';
import {
  AGENT_CHART,
  attempt,
  createWorld,
  deploy,
  deployOf,
  historyOf,
  nextDeploy,
  revisionsOf,
  setQuotaStatus,
  type World,
} from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const names = (input: ReleaseInput) => ({ release: input.target.release, namespace: input.target.namespace });

describe('the agent chart on a real API server', () => {
  it('is planned, installed, upgraded, rolled back and removed', async () => {
    const activities = world.activities({ chart: AGENT_CHART });
    const first = deployOf(world);

    const installed = await deploy(activities, first);
    expect(installed.plan).toMatchObject({
      baseRevision: 0,
      summary: { update: 0, unchanged: 0, remove: 0 },
    });
    expect(installed.plan.summary.create).toBeGreaterThan(2);
    expect(installed.release).toMatchObject({ revision: 1, status: 'deployed' });

    const second = nextDeploy(first, { image: 'runtimeai.dev/sample-agent:2.0.0' });
    const upgraded = await deploy(activities, second, 1);
    expect(upgraded.plan).toMatchObject({ baseRevision: 1, summary: { create: 0, update: 1, remove: 0 } });
    const change = world.plans.at(-1)?.changes.find(({ change }) => change === 'update');
    expect(change).toMatchObject({ kind: 'Deployment', name: first.target.release });
    expect(change?.diff).toContain('+          image: runtimeai.dev/sample-agent:2.0.0');
    expect(change?.diff).not.toContain('managed-by');
    expect(upgraded.release.revision).toBe(2);

    const back = await attempt(() =>
      activities.rollbackRelease({
        target: first.target,
        operationId: second.operationId,
        toRevision: 1,
        aboveRevision: 2,
      }),
    );
    expect(back).toMatchObject({
      revision: 3,
      status: 'deployed',
      manifestDigest: installed.release.manifestDigest,
    });

    const third = nextDeploy(first);
    await deploy(activities, third, 3);
    await attempt(() =>
      activities.uninstallRelease({ target: first.target, operationId: third.operationId }),
    );
    expect(await revisionsOf(world, first)).toEqual([]);
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: world.namespace,
      name: first.target.release,
    };
    expect(await world.kubernetes.get(deployment)).toBeUndefined();
  });

  it('refuses values its schema does not allow before anything is changed', async () => {
    const activities = world.activities({ chart: AGENT_CHART });
    const input = deployOf(world, {
      image: 'not an image',
      env: [{ name: 'AGENT_ID', value: 'confidential' }],
    });
    const planned = attempt(() => activities.planRelease({ ...input, knownRevision: 0, quota: ROOMY }));
    await expect(planned).rejects.toMatchObject({
      type: 'values_refused',
      nonRetryable: true,
      message: expect.stringContaining('/image'),
    });
    await expect(planned).rejects.not.toMatchObject({ message: expect.stringContaining('confidential') });
    expect(await revisionsOf(world, input)).toEqual([]);
  });
});

describe('a promise that is called again', () => {
  it('adopts an install that was finished and makes no second revision', async () => {
    const activities = world.activities();
    const { install, release } = await deploy(activities, deployOf(world));
    expect(await attempt(() => activities.installRelease(install), { attempt: 2 })).toEqual(release);
    expect(await revisionsOf(world, install)).toEqual(['1 deployed']);
  });

  it('renders again when another worker planned, and still installs what was planned', async () => {
    const input = deployOf(world);
    const plan = await attempt(() =>
      world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
    );
    const install = { ...input, baseRevision: 0, planDigest: plan.digest };
    expect(await attempt(() => world.activities().installRelease(install))).toMatchObject({
      revision: 1,
      status: 'deployed',
    });
  });

  it('adopts a rollback that was finished and makes no second revision', async () => {
    const { activities, rollback } = await upgraded();
    const first = await attempt(() => activities.rollbackRelease(rollback));
    expect(await attempt(() => activities.rollbackRelease(rollback), { attempt: 2 })).toEqual(first);
    expect(await revisionsOf(world, rollback.input)).toEqual(['1 superseded', '2 superseded', '3 deployed']);
  });

  it('removes a release twice without complaint', async () => {
    const activities = world.activities();
    const { install } = await deploy(activities, deployOf(world));
    await attempt(() => activities.uninstallRelease(install));
    await attempt(() => activities.uninstallRelease(install));
    expect(await revisionsOf(world, install)).toEqual([]);
  });

  it('reads what an operation left, and nothing when it changed nothing', async () => {
    const activities = world.activities();
    const input = deployOf(world);
    expect(await activities.readRelease({ target: input.target, baseRevision: 0 })).toBeUndefined();
    const { release } = await deploy(activities, input);
    expect(await activities.readRelease({ target: input.target, baseRevision: 0 })).toEqual(release);
    expect(await activities.readRelease({ target: input.target, baseRevision: 1 })).toBeUndefined();
  });
});

describe('what the cluster or the chart refuses', () => {
  it('stops a chart that does not render before anything is changed', async () => {
    const input = deployOf(world, { image: 'runtimeai.dev/agent:no-render' });
    const planned = attempt(() =>
      world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
    );
    await expect(planned).rejects.toMatchObject({
      type: 'chart_does_not_render',
      nonRetryable: true,
      message: expect.stringContaining('this chart does not render'),
    });
  });

  it('stops a chart that grants rights before anything is changed', async () => {
    const input = deployOf(world, { image: 'runtimeai.dev/agent:grants-rights' });
    const planned = attempt(() =>
      world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
    );
    await expect(planned).rejects.toMatchObject({
      type: 'manifest_refused',
      message: expect.stringContaining('RoleBinding'),
    });
  });

  it('stops a release that is larger than a Secret may be', async () => {
    const input = deployOf(world, { image: 'runtimeai.dev/agent:large' });
    const planned = attempt(() =>
      world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
    );
    await expect(planned).rejects.toMatchObject({ type: 'release_too_large', nonRetryable: true });
  });

  it.each(['unknown-field', 'no-port'])(
    'learns from the dry run that the API server refuses an object (%s)',
    async fate => {
      const input = deployOf(world, { image: `runtimeai.dev/agent:${fate}` });
      const planned = attempt(() =>
        world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
      );
      await expect(planned).rejects.toMatchObject({ type: 'cluster_refused', nonRetryable: true });
      expect(await revisionsOf(world, input)).toEqual([]);
    },
  );

  it('ends with Helm’s own words when Helm fails after it began, and a repeated call says the same without a second try', async () => {
    const activities = world.activities();
    const input = deployOf(world, { image: 'runtimeai.dev/agent:unknown-field' });
    const install = { ...input, baseRevision: 0, planDigest: await digestOf(input) };
    const failed = {
      type: 'release_failed',
      nonRetryable: true,
      message: expect.stringContaining('field not declared in schema'),
    };
    await expect(attempt(() => activities.installRelease(install))).rejects.toMatchObject(failed);
    await expect(attempt(() => activities.installRelease(install), { attempt: 2 })).rejects.toMatchObject(
      failed,
    );
    expect(await revisionsOf(world, input)).toEqual(['1 failed']);
  });

  it('passes on what a quota refuses', async () => {
    await withQuota({ 'count/services': '0' }, async () => {
      const input = deployOf(world);
      const planned = attempt(() =>
        world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
      );
      await expect(planned).rejects.toMatchObject({
        type: 'quota_exceeded',
        nonRetryable: true,
        message: expect.stringContaining('exceeded quota'),
      });
    });
  });

  it('says that the namespace is going away', async () => {
    const doomed = await createWorld();
    const kept = { apiVersion: 'v1', kind: 'ConfigMap', namespace: doomed.namespace, name: 'kept' };
    const metadata = { name: 'kept', namespace: doomed.namespace, finalizers: ['runtimeai.dev/test'] };
    await doomed.kubernetes.create({ ...kept, metadata });
    await doomed.removeNamespace();
    const input = deployOf(doomed);
    const refused = {
      type: 'cluster_refused',
      nonRetryable: true,
      message: expect.stringContaining('being terminated'),
    };
    const activities = doomed.activities();
    await expect(
      attempt(() => activities.planRelease({ ...input, knownRevision: 0, quota: ROOMY })),
    ).rejects.toMatchObject(refused);
    const install = { ...input, baseRevision: 0, planDigest: await digestOf(input) };
    await expect(attempt(() => activities.installRelease(install))).rejects.toMatchObject(refused);
    await doomed.kubernetes.patch(kept, { metadata: { finalizers: null } });
    await doomed.close();
  });

  it('refuses to apply what is not what was planned', async () => {
    const input = deployOf(world);
    const install = { ...input, baseRevision: 0, planDigest: 'sha256:of-something-else' };
    await expect(attempt(() => world.activities().installRelease(install))).rejects.toMatchObject({
      type: 'plan_changed',
      nonRetryable: true,
    });
    expect(await revisionsOf(world, input)).toEqual([]);
  });
});

describe('a release that somebody else changes', () => {
  it('is noticed by the plan, and planned over once somebody accepted it', async () => {
    const activities = world.activities();
    const input = deployOf(world);
    await deploy(activities, input);
    await byHand(input);
    const next = nextDeploy(input);
    const plan = await attempt(() => activities.planRelease({ ...next, knownRevision: 1, quota: ROOMY }));
    expect(plan).toMatchObject({ baseRevision: 2, changedOutside: { revision: 2 } });
    const accepted = await attempt(() => activities.planRelease({ ...next, knownRevision: 2, quota: ROOMY }));
    expect(accepted).not.toHaveProperty('changedOutside');
  });

  it('is not overwritten by an install that was planned before', async () => {
    const activities = world.activities();
    const input = deployOf(world);
    await deploy(activities, input);
    const next = nextDeploy(input);
    const plan = await attempt(() => activities.planRelease({ ...next, knownRevision: 1, quota: ROOMY }));
    await byHand(input);
    const install = { ...next, baseRevision: plan.baseRevision, planDigest: plan.digest };
    await expect(attempt(() => activities.installRelease(install))).rejects.toMatchObject({
      type: 'changed_outside',
      nonRetryable: true,
    });
    expect(await revisionsOf(world, input)).toEqual(['1 superseded', '2 deployed']);
  });

  it('is not overwritten by a rollback, although a change by hand inherits the operation’s label', async () => {
    const { activities, rollback } = await upgraded();
    await byHand(rollback.input);
    const changed = { ...rollback, aboveRevision: 3 };
    await expect(attempt(() => activities.rollbackRelease(changed))).rejects.toMatchObject({
      type: 'changed_outside',
    });
    expect((await historyOf(world, rollback.input)).at(-1)?.labels['rtai-op']).toBe(rollback.operationId);
  });

  it('is not removed by an operation that did not make it', async () => {
    const input = deployOf(world);
    await byHand(input);
    await expect(attempt(() => world.activities().uninstallRelease(input))).rejects.toMatchObject({
      type: 'changed_outside',
    });
    expect(await revisionsOf(world, input)).toEqual(['1 deployed']);
  });

  it('is not judged at all while one of its Secrets cannot be read', async () => {
    const activities = world.activities();
    const { install } = await deploy(activities, deployOf(world));
    const name = `sh.helm.release.v1.${install.target.release}.v1`;
    await world.kubernetes.patch(
      { apiVersion: 'v1', kind: 'Secret', namespace: world.namespace, name },
      { data: { release: 'bm9uc2Vuc2U=' } },
    );
    await expect(attempt(() => activities.installRelease(install))).rejects.toMatchObject({
      type: 'release_unreadable',
      message: expect.stringContaining(name),
    });
  });
});

async function upgraded() {
  const activities = world.activities();
  const input = deployOf(world);
  await deploy(activities, input);
  const next = nextDeploy(input, { image: 'runtimeai.dev/agent:second' });
  await deploy(activities, next, 1);
  const { target } = input;
  return {
    activities,
    rollback: { input, target, operationId: next.operationId, toRevision: 1, aboveRevision: 2 },
  };
}

async function byHand(input: ReleaseInput): Promise<void> {
  const values = { image: 'runtimeai.dev/agent:by-hand' };
  await world.helm.upgradeInstall({ ...names(input), chart: world.chart, values, labels: { team: 'other' } });
}

/** The digest a plan would have, where the dry run refuses to make one. */
async function digestOf(input: ReleaseInput): Promise<string> {
  const refused = world.activities().installRelease;
  const answer = await attempt(() =>
    refused({ ...input, baseRevision: 0, planDigest: 'sha256:unknown' }),
  ).catch((error: Error) => error.message);
  return /renders to (sha256:[0-9a-f]+)/.exec(String(answer))?.[1] ?? '';
}

async function withQuota(hard: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const reference = { apiVersion: 'v1', kind: 'ResourceQuota', namespace: world.namespace, name: 'tight' };
  await world.kubernetes.create({
    ...reference,
    metadata: { name: 'tight', namespace: world.namespace },
    spec: { hard },
  });
  try {
    await setQuotaStatus(world, 'tight', hard);
    await work();
  } finally {
    await world.kubernetes.delete(reference);
  }
}
