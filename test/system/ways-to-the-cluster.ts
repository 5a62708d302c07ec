import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readKubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { openRequestGate, type RequestGate } from '../fakes/request-gate.ts';
import { startTcpProxy, type TcpProxy } from '../fakes/tcp-proxy.ts';
import type { ReleaseKey } from './releases.ts';
import { sharedKubeconfig } from './system.ts';

/** A way to the shared cluster that a test has a hand on. */
export interface Way<Control> {
  readonly kubeconfig: string;
  readonly control: Control;
  close(): Promise<void>;
}

/** A way through a gate that can hold single requests. */
export async function gatedWay(): Promise<Way<RequestGate>> {
  const { cluster, identity } = await readKubeconfig(sharedKubeconfig());
  if (!cluster.certificateAuthority || !identity.token)
    throw new Error(`${sharedKubeconfig()} names no certificate authority or no token`);
  const gate = await openRequestGate({
    url: cluster.server,
    ca: cluster.certificateAuthority,
    token: identity.token,
  });
  return wayThrough(gate, gate.url);
}

/** A way through a proxy that can be cut and can fall silent. */
export async function proxiedWay(): Promise<Way<TcpProxy>> {
  const { cluster } = await readKubeconfig(sharedKubeconfig());
  const { hostname: host, port } = new URL(cluster.server);
  const proxy = await startTcpProxy({ host, port: Number(port) });
  return wayThrough(proxy, `https://127.0.0.1:${proxy.port}`);
}

/** Holds what changes the Deployment of a release: Helm is then in the middle of its work. */
export function changesOf({ namespace, release }: ReleaseKey) {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${release}?`;
  return (request: { method: string; path: string }) =>
    request.method === 'PATCH' && request.path.startsWith(path) && !request.path.includes('dryRun');
}

/** Holds the dry run of a release’s Deployment: nothing has been changed yet. */
export function dryRunsOf({ namespace, release }: ReleaseKey) {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${release}?`;
  return (request: { method: string; path: string }) =>
    request.method === 'PATCH' && request.path.startsWith(path) && request.path.includes('dryRun');
}

/** Holds what is read for the evidence of a runtime’s failure, on the way back. */
export function evidenceOf(runtimeId: string) {
  const selector = encodeURIComponent(`runtimeai.dev/runtime=${runtimeId}`);
  return ({ method, path }: { method: string; path: string }) =>
    method === 'GET' && path.includes('/replicasets?') && path.includes(selector);
}

function wayThrough<Control extends { close(): Promise<void> }>(
  control: Control,
  server: string,
): Way<Control> {
  const directory = mkdtempSync(join(tmpdir(), 'runtimeai-way-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const document = parse(readFileSync(sharedKubeconfig(), 'utf8'));
  for (const { cluster } of document.clusters) cluster.server = server;
  writeFileSync(kubeconfig, stringify(document), { mode: 0o600 });
  return {
    kubeconfig,
    control,
    close: async () => {
      await control.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
