import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReleaseActivities, ReleaseInput } from '../../activities/helm.ts';
import { asMark, isRunning, type ProcessMark } from '../../clients/helm/process-mark.ts';
import { ROOMY } from '../builders/slot-quota.ts';
import {
  activityEnvironment,
  attempt,
  createWorld,
  deploy,
  deployOf,
  historyOf,
  kubeconfigFor,
  nextDeploy,
  openGate,
  revisionsOf,
  testHelm,
  until,
  type World,
} from './world.ts';

type InstallInput = Parameters<ReleaseActivities['installRelease']>[0];

const WAITS = 'runtimeai.dev/agent:waits';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('Helm is killed in the middle', () => {
  it('of an upgrade: the next attempt closes the dead revision, and exactly one is deployed', async () => {
    const activities = world.activities();
    const first = deployOf(world);
    await deploy(activities, first);
    const { install, mark, ended } = await begin(nextDeploy(first, { image: WAITS }), 1);

    process.kill(-mark.pid, 'SIGKILL');
    await expect(ended).rejects.toMatchObject({ type: 'helm_interrupted', nonRetryable: false });
    expect(await revisionsOf(world, install)).toEqual(['1 deployed', '2 failed']);

    const again = attempt(() => activities.installRelease(install), { attempt: 2, heartbeatDetails: mark });
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 3, status: 'deployed' });
    expect(await revisionsOf(world, install)).toEqual(['1 superseded', '2 failed', '3 deployed']);
    const history = await historyOf(world, install);
    expect(history.slice(1).map(({ labels }) => [labels['rtai-op'], labels['rtai-attempt']])).toEqual([
      [install.operationId, '1'],
      [install.operationId, '2'],
    ]);
  });

  it('of a rollback: the next attempt does it again', async () => {
    const activities = world.activities();
    const first = deployOf(world, { image: WAITS });
    const begun = await begin(first, 0);
    await gateOpens(first);
    await begun.ended;
    const second = nextDeploy(first);
    await deploy(activities, second, 1);
    const rollback = {
      target: first.target,
      operationId: second.operationId,
      toRevision: 1,
      aboveRevision: 2,
    };

    const environment = activityEnvironment();
    const heartbeat = once(environment, 'heartbeat');
    const ended = environment.run(activities.rollbackRelease, rollback);
    ended.catch(() => undefined);
    const [mark] = await heartbeat;
    await until('the rollback is pending', async () =>
      (await revisionsOf(world, first)).includes('3 pending-rollback'),
    );
    process.kill(-mark.pid, 'SIGKILL');
    await expect(ended).rejects.toMatchObject({ type: 'helm_interrupted', nonRetryable: false });

    const again = attempt(() => activities.rollbackRelease(rollback), { attempt: 2, heartbeatDetails: mark });
    await gateOpens(first);
    expect(await again).toMatchObject({ revision: 4, status: 'deployed' });
    expect((await revisionsOf(world, first)).filter(revision => revision.endsWith(' deployed'))).toEqual([
      '4 deployed',
    ]);
  });
});

describe('a worker is killed', () => {
  it('while its Helm lives on: the next attempt waits for that Helm and adopts what it did', async () => {
    const { install, mark } = await beginAndKillWorker(deployOf(world, { image: WAITS }));
    expect(isRunning(mark)).toBe('yes');
    const again = attempt(() => world.activities().installRelease(install), {
      attempt: 2,
      heartbeatDetails: mark,
    });
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 1, status: 'deployed' });
    expect(isRunning(mark)).toBe('no');
    expect(await revisionsOf(world, install)).toEqual(['1 deployed']);
    expect(world.log.at(-1)).toContain('adopted');
  });

  it('while its Helm lives on where we cannot see it: the next attempt watches the storage', async () => {
    const { install } = await beginAndKillWorker(deployOf(world, { image: WAITS }));
    const again = attempt(() => world.activities().installRelease(install), { attempt: 2 });
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 1, status: 'deployed' });
    expect(await revisionsOf(world, install)).toEqual(['1 deployed']);
  });

  it('together with its Helm: the next attempt goes on at once', async () => {
    const { install, mark } = await beginAndKillWorker(deployOf(world, { image: WAITS }));
    process.kill(-mark.pid, 'SIGKILL');
    const again = attempt(() => world.activities().installRelease(install), {
      attempt: 2,
      heartbeatDetails: mark,
    });
    await until(
      'the dead revision is closed',
      async () => (await revisionsOf(world, install))[0] === '1 failed',
    );
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 2, status: 'deployed' });
    expect(await revisionsOf(world, install)).toEqual(['1 superseded', '2 deployed']);
  });

  it('together with a Helm nobody knows of: the next attempt waits as long as a call may take, then goes on', async () => {
    const { install, mark } = await beginAndKillWorker(deployOf(world, { image: WAITS }));
    process.kill(-mark.pid, 'SIGKILL');
    const helm = testHelm({ callTimeoutSeconds: 6, graceSeconds: 1 });
    const again = attempt(() => world.activities({ helm }).installRelease(install), { attempt: 2 });
    again.catch(() => undefined);
    await until(
      'the dead revision is closed',
      async () => (await revisionsOf(world, install))[0] === '1 failed',
    );
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 2, status: 'deployed' });
    await helm.close();
  });
});

describe('a cancelled operation', () => {
  it('ends Helm, leaves no process, and no revision that looks unfinished', async () => {
    const { install, mark, ended, environment } = await begin(deployOf(world, { image: WAITS }), 0);
    environment.cancel();
    await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
    expect(isRunning(mark)).toBe('no');
    expect(await revisionsOf(world, install)).toEqual(['1 failed']);
  });

  it('can be taken up again by another worker, because the failure was an interruption', async () => {
    const { install, ended, environment } = await begin(deployOf(world, { image: WAITS }), 0);
    environment.cancel('WORKER_SHUTDOWN');
    await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
    const again = attempt(() => world.activities().installRelease(install), { attempt: 2 });
    await gateOpens(install);
    expect(await again).toMatchObject({ revision: 2, status: 'deployed' });
  });
});

describe('an API server that does not answer', () => {
  it('is a reason to try again, not to fail', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rtai-test-'));
    const helm = testHelm({ kubeconfig: await kubeconfigFor(directory, 'https://127.0.0.1:9') });
    const activities = world.activities({ helm });
    const input = deployOf(world);
    const plan = await attempt(() => activities.planRelease({ ...input, knownRevision: 0, quota: ROOMY }));
    const install = { ...input, baseRevision: 0, planDigest: plan.digest };
    await expect(attempt(() => activities.installRelease(install))).rejects.toMatchObject({
      type: 'cluster_unreachable',
      nonRetryable: false,
      message: expect.stringContaining('connection refused'),
    });
    await helm.close();
    await rm(directory, { recursive: true });
  });
});

/** Starts an install that Helm cannot finish before its gate opens. */
async function begin(input: ReleaseInput, knownRevision: number) {
  const activities = world.activities();
  const plan = await attempt(() => activities.planRelease({ ...input, knownRevision, quota: ROOMY }));
  const install: InstallInput = { ...input, baseRevision: plan.baseRevision, planDigest: plan.digest };
  const environment = activityEnvironment();
  const heartbeat = once(environment, 'heartbeat');
  const ended = environment.run(activities.installRelease, install);
  ended.catch(() => undefined);
  const [details] = await heartbeat;
  await isPending(install);
  return { install, mark: markIn(details), ended, environment };
}

/** Starts an install in a process of its own and kills that process while Helm waits at its gate. */
async function beginAndKillWorker(
  input: ReleaseInput,
): Promise<{ install: InstallInput; mark: ProcessMark }> {
  const plan = await attempt(() =>
    world.activities().planRelease({ ...input, knownRevision: 0, quota: ROOMY }),
  );
  const install: InstallInput = { ...input, baseRevision: plan.baseRevision, planDigest: plan.digest };
  const program = new URL('worker-process.ts', import.meta.url).pathname;
  const worker = spawn(execPath, [program, JSON.stringify(install)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const mark = await firstHeartbeat(worker);
  await isPending(install);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  return { install, mark };
}

async function firstHeartbeat(worker: ChildProcess): Promise<ProcessMark> {
  if (worker.stdout === null) throw new Error('the worker has no output');
  for await (const line of createInterface(worker.stdout)) return markIn(JSON.parse(line));
  throw new Error('the worker ended without a heartbeat');
}

function markIn(details: unknown): ProcessMark {
  const mark = asMark(details);
  if (mark === undefined) throw new Error(`a heartbeat names no process: ${JSON.stringify(details)}`);
  return mark;
}

function isPending(input: ReleaseInput): Promise<unknown> {
  return until('Helm waits at its gate', async () => {
    const newest = (await historyOf(world, input)).at(-1);
    return newest?.status.startsWith('pending-') && newest.labels['rtai-op'] === input.operationId;
  });
}

/** Opens the gate of the newest revision as soon as Helm has made it; a gate of an earlier try is made anew. */
async function gateOpens(input: ReleaseInput): Promise<void> {
  await until('the gate opens', async () => {
    const newest = (await historyOf(world, input)).at(-1);
    if (newest === undefined || !newest.status.startsWith('pending-')) return newest?.status === 'deployed';
    await openGate(world, input);
    return false;
  });
}
