import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

let child: ChildProcess;

afterEach(() => {
  child.kill('SIGKILL');
});

test('a Ctrl-C that arrives three times is one, and a second one still waits for the orderly stop', async () => {
  const said = await listening();
  await press({ copies: 3 });
  await expect.poll(said, { timeout: 10_000 }).toContain('stopping');
  await delay(400);
  await press({ copies: 3 });
  await delay(200);
  expect(child.exitCode).toBeNull();
});

test('the third Ctrl-C ends what runs before it gives up', async () => {
  const said = await listening();
  const exit = once(child, 'exit');
  for (const _ of ['first', 'second', 'third']) {
    await press({ copies: 2 });
    await delay(400);
  }
  expect((await exit)[0]).toBe(130);
  expect(said()).toContain('killed');
});

async function listening(): Promise<() => string> {
  const module = join(import.meta.dirname, 'signals.ts');
  const program = `
    import { stopOnSignals } from ${JSON.stringify(module)};
    const stopping = stopOnSignals(() => console.log('killed'));
    setInterval(() => undefined, 1000);
    console.log('ready');
    await stopping.requested;
    console.log('stopping');`;
  child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'pipe' });
  let said = '';
  child.stdout?.on('data', text => {
    said += text;
  });
  await expect.poll(() => said, { timeout: 10_000 }).toContain('ready');
  return () => said;
}

// Apart from each other, or the kernel would make one of them.
async function press({ copies }: { copies: number }): Promise<void> {
  for (let copy = 0; copy < copies; copy++) {
    child.kill('SIGINT');
    await delay(20);
  }
}
