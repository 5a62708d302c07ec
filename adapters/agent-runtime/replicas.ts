import { fieldsOf, type KubernetesObject, numberOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import type { RuntimeTarget } from '../../domain/change.ts';
import { deploymentOf, ownersOfReplicas } from './live.ts';

/**
 * Makes the number of pods such that Helm may take it over or let it go. Helm refuses a number it does not own (an
 * autoscaler set it last), and a number that Helm alone owns falls to 1 when an autoscaler shall have it from now on
 * (kubernetes.io: Migrating Deployments and StatefulSets to horizontal autoscaling). So before Helm acts, the number is
 * set, or held, in our own name.
 */
export async function prepareReplicas(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  agent: Pick<AgentConfig, 'replicas' | 'auto_scaling'>,
): Promise<void> {
  const live = await kubernetes.get(deploymentOf(target));
  if (live === undefined) return;
  const present = numberOf(fieldsOf(live['spec'])['replicas']);
  const owners = ownersOfReplicas(live);
  if (isAutoscaled(agent)) {
    if (owners.includes(HELM)) await hold(kubernetes, target, firstNumber(agent, { live, present }));
    return;
  }
  if (agent.replicas === 0 && present > 0 && agent.auto_scaling)
    await kubernetes.patch(deploymentOf(target), {
      metadata: { annotations: { [BEFORE_STOP]: String(present) } },
    });
  const isTaken = owners.some(owner => owner.startsWith(AUTOSCALER) || owner.startsWith(`${OURS}/`));
  if (isTaken && present !== agent.replicas) await hold(kubernetes, target, agent.replicas);
}

/** Gives a fixed number to Helm alone, once it has applied it; an autoscaler finds it free anyway. */
export async function settleReplicas(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  agent: Pick<AgentConfig, 'replicas' | 'auto_scaling'>,
): Promise<void> {
  if (isAutoscaled(agent)) return;
  const live = await kubernetes.get(deploymentOf(target));
  if (live === undefined) return;
  const owners = ownersOfReplicas(live);
  if (owners.includes(HELM) && owners.includes(`${OURS}/Apply`))
    await kubernetes.apply(claim(target, {}), AS_US);
}

const HELM = 'helm/Apply';
const AUTOSCALER = 'kube-controller-manager/';
/** Known to clients/kubernetes/diff.ts, which lets a plan go over it. */
const OURS = 'runtimeai-replicas';
const AS_US = { fieldManager: OURS, force: true } as const;

/** How many pods an autoscaler had brought up when the agent was stopped. */
const BEFORE_STOP = 'runtimeai.dev/replicas-before-stop';

function isAutoscaled({ replicas, auto_scaling }: Pick<AgentConfig, 'replicas' | 'auto_scaling'>): boolean {
  return auto_scaling !== undefined && replicas > 0;
}

/** Of an agent that was stopped the number it had, else the one it has, within what the autoscaler may choose. */
function firstNumber(
  { replicas, auto_scaling }: Pick<AgentConfig, 'replicas' | 'auto_scaling'>,
  { live, present }: { readonly live: KubernetesObject; readonly present: number },
): number {
  const remembered = Number(live.metadata.annotations?.[BEFORE_STOP] ?? replicas);
  const wanted = present > 0 ? present : remembered;
  return Math.min(auto_scaling?.max_replicas ?? wanted, Math.max(auto_scaling?.min_replicas ?? 1, wanted));
}

async function hold(kubernetes: KubernetesClient, target: RuntimeTarget, replicas: number): Promise<void> {
  await kubernetes.apply(claim(target, { spec: { replicas } }), AS_US);
}

/** Server-side apply: exactly these fields are ours afterwards, and no other of ours stays. */
function claim(target: RuntimeTarget, fields: object): KubernetesObject {
  const { name, namespace, ...kind } = deploymentOf(target);
  return { ...kind, metadata: { name, namespace }, ...fields };
}
