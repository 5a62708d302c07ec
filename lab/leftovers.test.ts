import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endLeftovers, killAll, labMark, otherSupervisor } from './leftovers.ts';
import { identify, isRunning, killGroup, type ProcessIdentity } from './process-identity.ts';
import { openState } from './state.ts';

test('what a killed supervisor left running is ended, with all its children', async () => {
  const { dataDir, state } = lab();
  const left = sleeper({});
  state.update(kept => kept.processes.push({ name: 'etcd', startedAt: '', ...left }));
  expect(await endLeftovers({ dataDir, state: openState(dataDir) })).toEqual([`etcd (${left.pid})`]);
  expect(isRunning(left)).toBe(false);
  expect(openState(dataDir).read().processes).toEqual([]);
});

test('a process that only has the number of a recorded one is left alone', async () => {
  const { dataDir, state } = lab();
  const stranger = sleeper({});
  state.update(kept =>
    kept.processes.push({ name: 'etcd', startedAt: '', pid: stranger.pid, startTime: 'other' }),
  );
  expect(await endLeftovers({ dataDir, state })).toEqual([]);
  expect(isRunning(stranger)).toBe(true);
  killGroup(stranger.pid, 'SIGKILL');
});

test.runIf(process.platform === 'linux')(
  'a process on no list is ended when it carries the mark of these data',
  async () => {
    const { dataDir, state } = lab();
    const marked = sleeper({ [labMark]: dataDir });
    const ofAnotherLab = sleeper({ [labMark]: `${dataDir}-other` });
    expect(await endLeftovers({ dataDir, state })).toEqual([`process ${marked.pid}`]);
    expect([isRunning(marked), isRunning(ofAnotherLab)]).toEqual([false, true]);
    killGroup(ofAnotherLab.pid, 'SIGKILL');
  },
);

test('what runs is killed at once when nobody wants to wait', async () => {
  const { dataDir, state } = lab();
  const recorded = sleeper({});
  const marked = sleeper({ [labMark]: dataDir });
  const ofAnotherLab = sleeper({ [labMark]: `${dataDir}-other` });
  state.update(kept => kept.processes.push({ name: 'etcd', startedAt: '', ...recorded }));
  killAll(dataDir);
  await expect.poll(() => [recorded, marked].map(isRunning)).toEqual([false, process.platform !== 'linux']);
  expect(isRunning(ofAnotherLab)).toBe(true);
  for (const { pid } of [marked, ofAnotherLab]) killGroup(pid, 'SIGKILL');
});

test('a lab whose supervisor lives is not taken over, one whose supervisor died is', async () => {
  const { state } = lab();
  const supervisor = sleeper({});
  state.update(kept => {
    kept.supervisor = supervisor;
  });
  expect(otherSupervisor(state)).toContain(`process ${supervisor.pid}`);
  killGroup(supervisor.pid, 'SIGKILL');
  await expect.poll(() => otherSupervisor(state)).toBeUndefined();
});

test('a damaged state file is named, with what to do', () => {
  const { dataDir } = lab();
  writeFileSync(join(dataDir, 'lab-state.json'), '{"phase"');
  expect(() => openState(dataDir)).toThrow(/lab-state\.json.*--fresh/);
});

function lab() {
  const dataDir = mkdtempSync(join(tmpdir(), 'lab-leftovers-'));
  return { dataDir, state: openState(dataDir) };
}

function sleeper(env: NodeJS.ProcessEnv): ProcessIdentity {
  const child = spawn('sleep', ['60'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...env },
  });
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error('sleep did not start');
  return identity;
}
