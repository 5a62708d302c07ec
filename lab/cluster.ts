import { findBinaries } from './binaries.ts';
import type { ContainerPrograms } from './containerd.ts';
import { type LabContext, together } from './context.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { contextName } from './kubeconfig.ts';
import { startKwok } from './kwok.ts';
import { forgetRealNode, type RealNodeOptions, realNodeProspect, startRealNode } from './node.ts';
import { openSimulatedNodes } from './simulated-nodes.ts';

/** Where pods may run: `auto` adds the real node where the machine allows it, `real` insists on it. */
export type NodeChoice = 'auto' | 'real' | 'simulated';

/** The lab's Kubernetes, and the Helm to use with it. */
export interface Cluster {
  kubeconfigPath: string;
  contextName: string;
  helmPath: string;
  nodeKinds: ('real' | 'simulated')[];
  /** Why there is no real node, in words, where there is none. */
  noRealNode?: string;
}

const programs = [
  ...(['helm', 'server', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const),
  ...(['certificates', 'agent'] as const),
];

/** Starts the control plane and its nodes. */
export async function startCluster(context: LabContext, nodes: NodeChoice): Promise<Cluster> {
  const prospect =
    nodes === 'simulated' ? 'only simulated nodes were asked for' : await realNodeProspect(context);
  if (typeof prospect === 'string' && nodes === 'real') throw new Error(`No real node: ${prospect}.`);
  const real = typeof prospect === 'string' ? undefined : prospect;
  const wanted = [...programs, ...(real ? (['kubelet'] as const) : [])];
  // All at once: a second build would announce its own long wait.
  const binaries: Record<(typeof programs)[number], string> & { kubelet?: string } = await findBinaries(
    wanted,
    context,
  );
  const plane = await startControlPlane(context, binaries);
  try {
    const kwok = {
      program: binaries.kwok,
      certificates: binaries.certificates,
      plane,
      tainted: real !== undefined,
    };
    const [refusal] = await together(context, context => [
      addRealNode(context, { real, refusal: String(prospect), nodes, plane, binaries }),
      startKwok(context, kwok),
    ]);
    if (refusal !== undefined) await withoutRealNode(plane);
    return {
      kubeconfigPath: plane.kubeconfigPath,
      contextName,
      helmPath: binaries.helm,
      nodeKinds: refusal === undefined ? ['real', 'simulated'] : ['simulated'],
      ...(refusal === undefined ? {} : { noRealNode: refusal }),
    };
  } finally {
    plane.api.close();
  }
}

interface RealNodeWish {
  real: ContainerPrograms | undefined;
  refusal: string;
  nodes: NodeChoice;
  plane: ControlPlane;
  binaries: Omit<RealNodeOptions['binaries'], 'kubelet'> & { kubelet?: string };
}

/** Starts the real node where there can be one; answers why there is none, unless one was insisted on. */
async function addRealNode(
  context: LabContext,
  { real, refusal, nodes, plane, binaries }: RealNodeWish,
): Promise<string | undefined> {
  const { kubelet, certificates, agent } = binaries;
  if (!real || !kubelet) return refusal;
  try {
    await startRealNode(context, { plane, programs: real, binaries: { kubelet, certificates, agent } });
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    if (nodes === 'real') throw error;
    const why = error instanceof Error ? error.message : String(error);
    context.report({
      part: 'real node',
      state: 'failed',
      detail: `going on with simulated nodes: ${why}`,
      elapsedMs: 0,
    });
    return why;
  }
}

async function withoutRealNode(plane: ControlPlane): Promise<void> {
  await forgetRealNode(plane);
  await openSimulatedNodes(plane.api);
}
