import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KUBERNETES_VERSION } from './binaries.ts';
import { issueCertificates, keepServiceAccountKeys } from './certificates.ts';
import { kubeconfigFor, tokenOf, writeTokenFile } from './cluster-users.ts';
import { type LabContext, startPart, together } from './context.ts';
import { type KubernetesApi, kubernetesApi, waitFor } from './kubernetes-api.ts';
import { accepts } from './loopback.ts';
import { choosePort } from './ports.ts';
import { partReport } from './progress.ts';

/** A running Kubernetes control plane. */
export interface ControlPlane {
  server: string;
  /** The folder of certificates, tokens and keys. */
  folder: string;
  kubeconfigPath: string;
  api: KubernetesApi;
  ca: string;
}

/** Programs the control plane consists of, by name. */
export type ControlPlaneBinaries = Record<
  'server' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'certificates',
  string
>;

/** Starts etcd, API server, controller manager and scheduler on loopback; ready when a namespace can be used. */
export async function startControlPlane(
  context: LabContext,
  binaries: ControlPlaneBinaries,
): Promise<ControlPlane> {
  const say = partReport('control plane', context.report);
  say('starting', 'etcd, kube-apiserver, kube-controller-manager, kube-scheduler');
  const folder = join(context.dataDir, 'kubernetes');
  await issueCertificates(binaries.certificates, folder, {
    servers: {
      apiserver: ['127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default.svc'],
      etcd: ['127.0.0.1', 'localhost'],
    },
    clients: { 'etcd-client': 'kube-apiserver', 'kubelet-client': 'kube-apiserver' },
  });
  const plane = await controlPlaneAt(context, folder);
  const setup = {
    binaries,
    folder,
    plane,
    etcdPort: await choosePort({ name: 'etcd', usual: 2379, state: context.state }),
  };
  await together(context, context => [
    startEtcd({ ...setup, context }),
    startApiServer({ ...setup, context }),
  ]);
  await startControllerManager({ ...setup, context });
  await startScheduler({ ...setup, context });
  await namespaceUsable(plane, context.signal);
  say('ready', `Kubernetes v${KUBERNETES_VERSION} on ${plane.server}`);
  return plane;
}

interface Setup {
  context: LabContext;
  binaries: ControlPlaneBinaries;
  folder: string;
  plane: ControlPlane;
  etcdPort: number;
}

async function controlPlaneAt(context: LabContext, folder: string): Promise<ControlPlane> {
  const port = await choosePort({ name: 'kube-apiserver', usual: 6443, state: context.state });
  const server = `https://127.0.0.1:${port}`;
  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
  const api = kubernetesApi({ server, token: tokenOf(context, 'admin'), ca });
  writeTokenFile(context, join(folder, 'tokens.csv'));
  return {
    server,
    folder,
    ca,
    api,
    kubeconfigPath: kubeconfigFor(context, { user: 'admin', server, folder }),
  };
}

async function startEtcd({ context, binaries, folder, etcdPort }: Setup): Promise<void> {
  const peerPort = await choosePort({ name: 'etcd-peer', usual: 2380, state: context.state });
  const [client, peer] = [`https://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
  await startPart(context, {
    name: 'etcd',
    command: binaries.server,
    args: [
      ...['--name=lab', `--data-dir=${join(context.dataDir, 'etcd')}`, '--log-level=warn'],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=lab=${peer}`,
      ],
      ...[`--cert-file=${join(folder, 'etcd.crt')}`, `--key-file=${join(folder, 'etcd.key')}`],
      ...[
        '--client-cert-auth=true',
        `--trusted-ca-file=${join(folder, 'ca.crt')}`,
        '--enable-grpc-gateway=false',
      ],
      ...['--quota-backend-bytes=4294967296'],
    ],
    stopOrder: 2,
    ready: () => accepts(etcdPort),
    readyWithinSeconds: 60,
  });
}

async function startApiServer({ context, binaries, folder, plane, etcdPort }: Setup): Promise<void> {
  const keys = keepServiceAccountKeys(folder);
  const file = (name: string) => join(folder, name);
  await startPart(context, {
    name: 'kube-apiserver',
    command: binaries['kube-apiserver'],
    args: [
      ...[
        '--bind-address=127.0.0.1',
        `--secure-port=${new URL(plane.server).port}`,
        '--advertise-address=127.0.0.1',
      ],
      '--endpoint-reconciler-type=none',
      ...[`--etcd-servers=https://127.0.0.1:${etcdPort}`, `--etcd-cafile=${file('ca.crt')}`],
      ...[`--etcd-certfile=${file('etcd-client.crt')}`, `--etcd-keyfile=${file('etcd-client.key')}`],
      ...[`--tls-cert-file=${file('apiserver.crt')}`, `--tls-private-key-file=${file('apiserver.key')}`],
      ...[
        `--token-auth-file=${file('tokens.csv')}`,
        '--authorization-mode=Node,RBAC',
        '--anonymous-auth=false',
      ],
      ...[
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${keys.publicKey}`,
      ],
      ...[`--service-account-signing-key-file=${keys.privateKey}`, '--service-cluster-ip-range=10.96.0.0/16'],
      ...[
        '--allow-privileged=true',
        '--enable-admission-plugins=NodeRestriction',
        '--event-ttl=24h',
        '--profiling=false',
      ],
      ...[
        '--kubelet-preferred-address-types=InternalIP',
        `--kubelet-certificate-authority=${file('ca.crt')}`,
      ],
      ...[
        `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
        `--kubelet-client-key=${file('kubelet-client.key')}`,
      ],
    ],
    stopOrder: 1,
    ready: () => plane.api.answers('/readyz'),
    readyWithinSeconds: 120,
  });
}

async function startControllerManager({ context, binaries, folder, plane }: Setup): Promise<void> {
  await startPart(context, {
    name: 'kube-controller-manager',
    command: binaries['kube-controller-manager'],
    args: [
      `--kubeconfig=${kubeconfigFor(context, { user: 'controller-manager', server: plane.server, folder })}`,
      ...['--leader-elect=false', '--kube-api-qps=500', '--kube-api-burst=1000', '--secure-port=0'],
      // A node that has become ready waits for the next look at it before pods may go there; the default is 5 s.
      '--node-monitor-period=1s',
      ...['--use-service-account-credentials=true', `--root-ca-file=${join(folder, 'ca.crt')}`],
      `--service-account-private-key-file=${keepServiceAccountKeys(folder).privateKey}`,
    ],
    ready: async () => true, // proven by the namespace becoming usable
    readyWithinSeconds: 60,
  });
}

async function startScheduler({ context, binaries, folder, plane }: Setup): Promise<void> {
  await startPart(context, {
    name: 'kube-scheduler',
    command: binaries['kube-scheduler'],
    args: [
      `--kubeconfig=${kubeconfigFor(context, { user: 'scheduler', server: plane.server, folder })}`,
      ...['--leader-elect=false', '--kube-api-qps=500', '--kube-api-burst=1000', '--secure-port=0'],
    ],
    ready: async () => true, // proven by the first pod that lands on a node
    readyWithinSeconds: 60,
  });
}

/** Pods need their namespace's service account, which the controller manager makes: the sign that it works. */
async function namespaceUsable({ api }: ControlPlane, signal: AbortSignal): Promise<void> {
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await waitFor('the service account of namespace default', {
    until: async () => (await api.answers(account)) || 'not there yet',
    seconds: 60,
    signal,
  });
}
