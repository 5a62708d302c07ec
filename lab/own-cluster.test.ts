import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkOwnCluster } from './own-cluster.ts';

test('a file that is no kubeconfig, and a folder, are named as such', async () => {
  await expect(checkOwnCluster({ kubeconfig: file('hello'), context: 'x' })).rejects.toThrow(
    /is no kubeconfig/,
  );
  await expect(checkOwnCluster({ kubeconfig: tmpdir(), context: 'x' })).rejects.toThrow(
    /Read the kubeconfig/,
  );
});

test('a context that is not there is answered with those that are', async () => {
  const kubeconfig = file(pointingAt('https://127.0.0.1:1'));
  await expect(checkOwnCluster({ kubeconfig, context: 'prod' })).rejects.toThrow(
    /no context "prod"; it has: mine\. Name one of them with --context/,
  );
});

test('a cluster that is down is named before anything starts', async () => {
  const server = `https://127.0.0.1:${await closedPort()}`;
  await expect(checkOwnCluster({ kubeconfig: file(pointingAt(server)), context: 'mine' })).rejects.toThrow(
    /does not answer at https:.*ECONNREFUSED.*nothing was started/,
  );
});

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'lab-kubeconfig-')), 'config');
  writeFileSync(path, text);
  return path;
}

function pointingAt(server: string): string {
  return JSON.stringify({
    contexts: [{ name: 'mine', context: { cluster: 'here', user: 'me' } }],
    clusters: [{ name: 'here', cluster: { server } }],
  });
}

function closedPort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 1));
    });
  });
}
