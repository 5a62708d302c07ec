import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Runs a program that uses the real files, sends it signals when it says it is ready, and tells how it ended. */
async function run(program: string, signals: readonly NodeJS.Signals[]) {
  const source = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { createLog } from '${FOLDER}log.ts';
    import { exitOnLostErrors, onShutdown } from '${FOLDER}shutdown.ts';
    const log = createLog('test', 'debug');
    ${program}
    setInterval(() => undefined, 1000);
    log.info('ready');`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source]);
  let output = '';
  let sent = 0;
  child.stderr.on('data', chunk => {
    output += String(chunk);
  });
  child.stdout.on('data', chunk => {
    output += String(chunk);
    const next = signals[sent];
    if (next === undefined || !output.includes(sent === 0 ? '"ready"' : 'shutting down')) return;
    sent += 1;
    child.kill(next);
  });
  const [code] = await once(child, 'exit');
  return { code: Number(code), output };
}

describe('onShutdown', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('runs the steps in their order on %s and exits 0', async signal => {
    const { code, output } = await run(
      `const step = name => ({ name, run: async () => { await sleep(20); log.info('did ' + name); } });
       onShutdown({ log, graceSeconds: 5, steps: [step('first'), step('second')] });`,
      [signal],
    );
    expect(code).toBe(0);
    expect(output.indexOf('did first')).toBeGreaterThan(0);
    expect(output.indexOf('did second')).toBeGreaterThan(output.indexOf('did first'));
  });

  it('goes on after a step that failed, and exits 1', async () => {
    const { code, output } = await run(
      `onShutdown({ log, graceSeconds: 5, steps: [
         { name: 'bad', run: async () => { throw new Error('it broke'); } },
         { name: 'good', run: async () => log.info('did good') },
       ] });`,
      ['SIGTERM'],
    );
    expect(code).toBe(1);
    expect(output).toContain('it broke');
    expect(output).toContain('did good');
  });

  it('leaves when the grace is over', async () => {
    const { code, output } = await run(
      `onShutdown({ log, graceSeconds: 0.2, steps: [{ name: 'stuck', run: () => new Promise(() => undefined) }] });`,
      ['SIGTERM'],
    );
    expect(code).toBe(1);
    expect(output).toContain('leaving anyway');
  });

  it('leaves at once on a second signal', async () => {
    const { code, output } = await run(
      `onShutdown({ log, graceSeconds: 60, steps: [{ name: 'stuck', run: () => new Promise(() => undefined) }] });`,
      ['SIGTERM', 'SIGINT'],
    );
    expect(code).toBe(1);
    expect(output).toContain('for the second time');
  });
});

describe('exitOnLostErrors', () => {
  it.each([
    ['an error nobody caught', `setTimeout(() => { throw new Error('lost'); }, 10);`],
    ['a rejection nobody handled', `setTimeout(() => void Promise.reject(new Error('lost')), 10);`],
    ['what keeps a process from starting', `await Promise.reject(new Error('lost'));`],
  ])('logs %s and exits 1', async (_what, program) => {
    const { code, output } = await run(`exitOnLostErrors(log); ${program}`, []);
    expect(code).toBe(1);
    expect(output).toMatch(/"level":"fatal".*lost/);
  });
});
