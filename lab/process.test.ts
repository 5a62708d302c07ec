import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ProcessOptions, startProcess } from './process.ts';
import { identify, killGroup } from './process-identity.ts';
import { openState } from './state.ts';

test('a program that ends before it is ready is reported with its last lines', async () => {
  const options = program('console.error("port 5432 is taken"); process.exit(3)', {
    ready: async () => false,
  });
  await expect(startProcess(options)).rejects.toThrow(/ended with code 3[\s\S]*port 5432 is taken/);
  expect(options.state.read().processes).toEqual([]);
});

test('a program that never becomes ready is stopped, and the reason is told', async () => {
  const ready = async () => {
    throw new Error('password authentication failed');
  };
  const options = program('setInterval(() => {}, 1000)', { ready, readyWithinSeconds: 0.3 });
  await expect(startProcess(options)).rejects.toThrow(
    /not ready after 0.3 s \(password authentication failed\)/,
  );
  expect(options.state.read().processes).toEqual([]);
});

test('a program that cannot be started says so', async () => {
  const options = { ...program('', { ready: async () => false }), command: '/no/such/program' };
  await expect(startProcess(options)).rejects.toThrow(/could not be started.*ENOENT/);
});

test('stopping ends the whole group, also a child that ignores the signal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-group-'));
  const child = join(folder, 'child');
  const options = program(
    `const { spawn } = require('node:child_process');
     const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)']);
     require('node:fs').writeFileSync(${JSON.stringify(child)}, String(child.pid)); setInterval(() => {}, 1000)`,
    { ready: async () => existsSync(child) },
  );
  const running = await startProcess(options);
  await running.stop();
  await expect.poll(() => identify(Number(readFileSync(child, 'utf8')))).toBeUndefined();
  expect(running.pid()).toBeUndefined();
});

test('a program that ignores the request to stop is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-stubborn-'));
  const up = join(folder, 'up');
  const source = `process.on('SIGTERM', () => {}); require('node:fs').writeFileSync(${JSON.stringify(up)}, ''); setInterval(() => {}, 1000)`;
  const running = await startProcess(
    program(source, { ready: async () => existsSync(up), stopWithinSeconds: 0.2 }),
  );
  const pid = running.pid() ?? 0;
  await running.stop();
  expect(identify(pid)).toBeUndefined();
});

test('a program that dies is started again, and the state file knows the new one', async () => {
  const told: string[] = [];
  const options = program('setInterval(() => {}, 1000)', {
    ready: async () => true,
    restart: true,
    onExit: message => told.push(message),
  });
  const running = await startProcess(options);
  const first = running.pid() ?? 0;
  killGroup(first, 'SIGKILL');
  await expect
    .poll(() => running.pid(), { timeout: 5_000 })
    .toSatisfy(pid => pid !== undefined && pid !== first);
  expect(told.join()).toMatch(/ended with SIGKILL[\s\S]*again in 1 s/);
  expect(
    openState(join(options.logFile, '..'))
      .read()
      .processes.map(({ pid }) => pid),
  ).toEqual([running.pid()]);
  await running.stop();
});

test('the last lines shown are those of this start, not of an earlier one', async () => {
  const options = program('console.error("now"); process.exit(1)', { ready: async () => false });
  writeFileSync(options.logFile, 'yesterday\n');
  await expect(startProcess(options)).rejects.toThrow(/:\nnow$/);
});

function program(
  source: string,
  more: Partial<ProcessOptions> & Pick<ProcessOptions, 'ready'>,
): ProcessOptions {
  const folder = mkdtempSync(join(tmpdir(), 'lab-process-'));
  return {
    name: 'sample',
    command: process.execPath,
    args: ['-e', source],
    logFile: join(folder, 'sample.log'),
    state: openState(folder),
    readyWithinSeconds: 10,
    ...more,
  };
}
