import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { choosePort, isFree, releasePorts } from './ports.ts';
import { openState, type StateFile } from './state.ts';

test('a part gets its usual port when nothing listens there', async () => {
  const usual = await freePort();
  expect(await choosePort({ name: 'api', usual, state: emptyState() })).toBe(usual);
});

test('a part gets another port when its usual one is taken', async () => {
  await using taken = await listen();
  const port = await choosePort({ name: 'api', usual: taken.port, state: emptyState() });
  expect(port).not.toBe(taken.port);
  expect(await isFree(port)).toBe(true);
});

test('two parts never get the same port', async () => {
  const usual = await freePort();
  const state = emptyState();
  const [first, second] = await Promise.all(['a', 'b'].map(name => choosePort({ name, usual, state })));
  expect(first).not.toBe(second);
});

test('the next start gets the port of the last one, also where that was not the usual one', async () => {
  await using taken = await listen();
  const state = emptyState();
  const last = await choosePort({ name: 'api', usual: taken.port, state });
  releasePorts(state);
  expect(await choosePort({ name: 'api', usual: await freePort(), state })).toBe(last);
});

function emptyState(): StateFile {
  return openState(mkdtempSync(join(tmpdir(), 'lab-ports-')));
}

async function freePort(): Promise<number> {
  const listener = await listen();
  await listener[Symbol.asyncDispose]();
  return listener.port;
}

function listen(): Promise<AsyncDisposable & { port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address !== 'object' || !address) return reject(new Error('no address'));
      const close = () => new Promise<void>(closed => server.close(() => closed()));
      resolve({ port: address.port, [Symbol.asyncDispose]: close });
    });
  });
}
