import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { HelmError } from '../clients/helm/errors.ts';
import type { PlanReport } from '../domain/deployment.ts';
import { ROOMY } from '../test/builders/slot-quota.ts';
import { FakeReleaseWorld } from '../test/fakes/release-world.ts';
import { createReleaseActivities, type ReleaseInput } from './helm.ts';

const input: ReleaseInput = {
  target: {
    runtimeId: 'rt_1',
    runtimeName: 'support-agent',
    tenantId: 'acme',
    project: 'default',
    environment: 'development',
    namespace: 'rtai-acme--default',
    release: 'support-agent',
  },
  operationId: 'op_1',
  deploymentId: 'dep_1',
  agent: {
    framework: { name: 'custom' },
    image: 'runtimeai.dev/sample-agent:1.0.0',
    resources: { cpu: '100m', memory: '128Mi' },
    replicas: 1,
    env: [],
    egress: 'restricted',
    exposure: 'private',
  },
};
const labels = { 'rtai-op': 'op_1', 'rtai-attempt': '1' };
const killed = () =>
  new HelmError({ kind: 'cancelled', retryable: true, message: 'helm was killed', nextStep: 'Again.' });
const environment = (info: { attempt?: number; heartbeatDetails?: unknown } = {}) =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });

describe('installRelease', () => {
  it('believes the storage, not Helm: a revision that is deployed is done although Helm was killed', async () => {
    const world = new FakeReleaseWorld().next(each => {
      each.add('deployed', { labels });
      throw killed();
    });
    expect(await install(world)).toMatchObject({ revision: 1, status: 'deployed' });
  });

  it('does not believe a success that left nothing behind', async () => {
    await expect(install(new FakeReleaseWorld().next(() => undefined))).rejects.toMatchObject({
      type: 'read_back_mismatch',
      nonRetryable: true,
      message: expect.stringContaining('no new revision'),
    });
  });

  it('does not believe a success that left another manifest', async () => {
    const world = new FakeReleaseWorld().next(
      each => void each.add('deployed', { labels, manifestDigest: 'sha256:other' }),
    );
    await expect(install(world)).rejects.toMatchObject({ type: 'read_back_mismatch', nonRetryable: true });
  });

  it('closes a revision that stayed pending although Helm reported success, and succeeds with the next attempt', async () => {
    const world = new FakeReleaseWorld().next(each => void each.add('pending-install', { labels }));
    await expect(install(world)).rejects.toMatchObject({ type: 'helm_interrupted', nonRetryable: false });
    expect(await install(world, 2)).toMatchObject({ revision: 2 });
    expect(world.revisions()).toEqual(['1 failed', '2 deployed']);
  });

  it('closes what an earlier operation left unfinished, once nobody can be at work on it', async () => {
    const world = new FakeReleaseWorld();
    world.add('pending-install', {
      labels: { 'rtai-op': 'op_0' },
      modifiedAt: new Date(Date.now() - 10_000),
    });
    expect(await install(world)).toMatchObject({ revision: 2 });
    expect(world.revisions()).toEqual(['1 failed', '2 deployed']);
  });

  it('stops waiting for a Helm it cannot see when it is cancelled', async () => {
    const world = new FakeReleaseWorld();
    world.add('pending-install', { labels });
    const { planDigest } = await plan(world);
    const waiting = environment();
    const ended = waiting.run(createReleaseActivities(world.deps()).installRelease, {
      ...input,
      baseRevision: 0,
      planDigest,
    });
    waiting.cancel();
    await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
    expect(world.revisions()).toEqual(['1 pending-install']);
    expect(world.calls).toEqual([]);
  });

  it('hands the mark of an earlier attempt’s Helm on in its heartbeats', async () => {
    const mark = { pid: 4_194_304, started: '1', where: 'elsewhere' };
    const world = new FakeReleaseWorld().next(() => new Promise(resolve => setTimeout(resolve, 2500)));
    const { planDigest } = await plan(world);
    const beats: unknown[] = [];
    const slow = environment({ attempt: 2, heartbeatDetails: mark });
    slow.on('heartbeat', details => beats.push(details));
    await slow
      .run(createReleaseActivities(world.deps()).installRelease, { ...input, baseRevision: 0, planDigest })
      .catch(() => undefined);
    expect(beats).toEqual([mark]);
  });
});

describe('planRelease', () => {
  it('refuses while the governed endpoints are not configured', async () => {
    const activities = createReleaseActivities(new FakeReleaseWorld().deps({ governance: undefined }));
    await expect(
      environment().run(activities.planRelease, { ...input, knownRevision: 0, quota: ROOMY }),
    ).rejects.toMatchObject({
      type: 'governance_settings_missing',
      nonRetryable: true,
    });
  });

  it('has another digest when the agent, the chart’s output or the platform’s settings differ', async () => {
    const world = new FakeReleaseWorld();
    const changed = new FakeReleaseWorld();
    changed.manifest = world.manifest.replace('support-agent', 'other');
    const digests = [
      await plan(world),
      await plan(changed),
      await plan(world, { agent: { ...input.agent, replicas: 2 } }),
      await plan(world, {}, { registry: 'registry.example.com' }),
    ].map(({ planDigest }) => planDigest);
    expect(new Set(digests).size).toBe(4);
    expect((await plan(world)).planDigest).toBe(digests[0]);
  });
});

describe('rollbackRelease', () => {
  const rollback = { target: input.target, operationId: 'op_1', toRevision: 1, aboveRevision: 2 };

  it('says that the revision to go back to is gone', async () => {
    const world = new FakeReleaseWorld();
    world.history = [{ ...world.add('deployed', { labels }), revision: 2 }];
    const activities = createReleaseActivities(world.deps());
    await expect(environment().run(activities.rollbackRelease, rollback)).rejects.toMatchObject({
      type: 'release_not_found',
      nonRetryable: true,
    });
  });

  it('does not believe a success that brought another manifest back', async () => {
    const world = new FakeReleaseWorld();
    world.add('deployed', { labels: { 'rtai-op': 'op_0' } });
    world.add('deployed', { labels });
    world.next(
      each => void each.add('deployed', { description: 'Rollback to 1', manifestDigest: 'sha256:other' }),
    );
    const activities = createReleaseActivities(world.deps());
    await expect(environment().run(activities.rollbackRelease, rollback)).rejects.toMatchObject({
      type: 'read_back_mismatch',
    });
  });
});

describe('uninstallRelease', () => {
  const uninstall = { target: input.target, operationId: 'op_1' };

  it('goes on with an uninstall that died', async () => {
    const world = new FakeReleaseWorld();
    world.add('uninstalling', { labels });
    await environment().run(createReleaseActivities(world.deps()).uninstallRelease, uninstall);
    expect(world.revisions()).toEqual([]);
  });

  it('does not call Helm when there is nothing', async () => {
    const world = new FakeReleaseWorld();
    await environment().run(createReleaseActivities(world.deps()).uninstallRelease, uninstall);
    expect(world.calls).toEqual([]);
  });

  it('does not believe a success that left something behind', async () => {
    const world = new FakeReleaseWorld().next(() => undefined);
    world.add('failed', { labels });
    const activities = createReleaseActivities(world.deps());
    await expect(environment().run(activities.uninstallRelease, uninstall)).rejects.toMatchObject({
      type: 'read_back_mismatch',
    });
  });
});

async function plan(
  world: FakeReleaseWorld,
  changes: Partial<ReleaseInput> = {},
  deps: Parameters<FakeReleaseWorld['deps']>[0] = {},
) {
  const activities = createReleaseActivities(world.deps(deps));
  const asked = { ...input, ...changes, knownRevision: 99, quota: ROOMY };
  const report: PlanReport = await environment().run(() => activities.planRelease(asked));
  return { planDigest: report.digest };
}

/** Plans before anything happened to the release, then installs above what stands there. */
async function install(world: FakeReleaseWorld, attempt = 1) {
  const { planDigest } = await plan(world);
  const baseRevision = world.history.find(release => release.labels['rtai-op'] !== 'op_1')?.revision ?? 0;
  const { installRelease } = createReleaseActivities(world.deps());
  return environment({ attempt }).run(installRelease, { ...input, baseRevision, planDigest });
}
