import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KUBERNETES_VERSION } from './binaries.ts';
import { claimNetwork, controlGroups, type NodeNetwork, releaseNetwork } from './bridge.ts';
import { issueCertificates } from './certificates.ts';
import { clusterUsers, kubeconfigFor } from './cluster-users.ts';
import { run } from './command.ts';
import { type ContainerPrograms, findContainerPrograms, pathWith } from './containerd.ts';
import { type LabContext, partEnvironment, startPart } from './context.ts';
import type { ControlPlane } from './control-plane.ts';
import { labImages, packImages } from './image.ts';
import { sendUnless } from './kubernetes-api.ts';
import { writeNodeFiles } from './node-files.ts';
import { forgetReadiness, isReady, type NodeStatus, nodeKindLabel } from './node-status.ts';
import { partReport } from './progress.ts';
import { repositoryRoot } from './root.ts';
import { findExecutable } from './search-path.ts';

/** What the real node needs beside the lab itself. */
export interface RealNodeOptions {
  plane: ControlPlane;
  programs: ContainerPrograms;
  binaries: Record<'kubelet' | 'certificates' | 'agent', string>;
}

/** The name of the node that runs containers. */
const realNodeName = clusterUsers.kubelet.name.replace('system:node:', '');

/** The programs a real node needs, or in words why there can be none here. */
export async function realNodeProspect(context: LabContext): Promise<ContainerPrograms | string> {
  if (process.platform !== 'linux') return `a real node needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a real node needs root: start with sudo';
  for (const program of ['unshare', 'ip', 'bash', 'mount']) {
    if (!findExecutable(program, ['/usr/sbin', '/sbin']))
      return `a real node needs the program ${program} (util-linux, iproute2, bash)`;
  }
  const namespaces = await run({ command: 'unshare', args: ['-m', '-p', '-f', '--mount-proc', 'true'] });
  if (namespaces.code !== 0)
    return `a real node needs new PID and mount namespaces, refused here: ${namespaces.stderr.trim()}`;
  try {
    return await findContainerPrograms(context);
  } catch (error) {
    context.signal.throwIfAborted();
    return `a real node needs containerd and runc: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Starts containerd and the kubelet as one node that runs real containers; ready when Kubernetes says so. */
export async function startRealNode(
  context: LabContext,
  { plane, programs, binaries }: RealNodeOptions,
): Promise<void> {
  const say = partReport('real node', context.report);
  say('starting', `containerd and runc from ${programs.source}, kubelet v${KUBERNETES_VERSION}`);
  const network = await claimNetwork(context);
  const folder = join(context.dataDir, 'node');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await issueCertificates(binaries.certificates, plane.folder, {
    servers: { kubelet: [`${network.subnet}.1`, realNodeName] },
  });
  const images = join(folder, 'images.tar');
  packImages({ program: binaries.agent, images: labImages(), into: images });
  writeNodeFiles({ folder, network, programs, certificates: plane.folder });
  await forgetReadiness(plane.api, realNodeName);
  await launch(context, { plane, programs, binaries, network, folder, images });
  say('ready', `${realNodeName} runs containers; pods have addresses in ${network.subnet}.0/24`);
}

/** Takes the node's bridge and control groups away, after its processes have ended. */
export function removeRealNodeTraces(context: Pick<LabContext, 'dataDir' | 'state'>): Promise<void> {
  return releaseNetwork(context);
}

/** Lets Kubernetes forget a real node kept from an earlier start, with its pods, when this start has none. */
export async function forgetRealNode({ api }: ControlPlane): Promise<void> {
  const known = await sendUnless(404, () => api.send('DELETE', `/api/v1/nodes/${realNodeName}`));
  if (!known) return;
  const pods = (await api.send(
    'GET',
    `/api/v1/pods?fieldSelector=spec.nodeName%3D${realNodeName}`,
  )) as PodList;
  for (const { metadata } of pods.items) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
    await sendUnless(404, () =>
      api.send('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 }),
    );
  }
}

interface PodList {
  items: { metadata: { namespace: string; name: string } }[];
}

async function launch(
  context: LabContext,
  {
    plane,
    programs,
    binaries,
    network,
    folder,
    images,
  }: RealNodeOptions & { network: NodeNetwork; folder: string; images: string },
): Promise<void> {
  await startPart(context, {
    name: 'real-node',
    command: 'unshare',
    args: [
      ...['-m', '-p', '-f', '--mount-proc', '--kill-child=SIGKILL'],
      ...['bash', join(repositoryRoot(), 'lab', 'node.sh')],
      ...kubeletArguments(context, { plane, network, folder }),
    ],
    env: partEnvironment(context, {
      PATH: pathWith(programs.path),
      NODE_DATA: folder,
      NODE_CGROUP: controlGroups(network.bridge).join(' '),
      NODE_IMAGES: images,
      NODE_KUBELET: binaries.kubelet,
    }),
    // Killing it is the clean way: the kernel ends every process in its namespaces with it.
    stopSignal: 'SIGKILL',
    ready: async () => isReady((await plane.api.send('GET', `/api/v1/nodes/${realNodeName}`)) as NodeStatus),
    readyWithinSeconds: 45,
  });
}

function kubeletArguments(
  context: LabContext,
  { plane, network, folder }: { plane: ControlPlane; network: NodeNetwork; folder: string },
): string[] {
  const labels = {
    [nodeKindLabel]: 'real',
    'topology.kubernetes.io/zone': 'lab-a',
    'topology.kubernetes.io/region': 'lab',
  };
  return [
    `--config=${join(folder, 'kubelet.json')}`,
    `--kubeconfig=${kubeconfigFor(context, { user: 'kubelet', server: plane.server, folder: plane.folder })}`,
    ...[`--hostname-override=${realNodeName}`, `--node-ip=${network.subnet}.1`],
    `--node-labels=${Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(',')}`,
  ];
}
