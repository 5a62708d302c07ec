import { parseManifest } from '../../clients/kubernetes/manifest.ts';
import { fieldsOf, type KubernetesObject, numberOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { ReleaseTarget } from '../../domain/deployment.ts';
import { deploymentOf, ownersOfReplicas } from './live.ts';

/** How many pods an agent shall have, as far as Helm's part in it goes. */
export interface WantedReplicas {
  readonly replicas: number;
  readonly auto_scaling?: { readonly min_replicas: number; readonly max_replicas: number } | undefined;
}

/** Calls to the cluster that this needs. */
type Cluster = Pick<KubernetesClient, 'get' | 'apply' | 'patch'>;

/**
 * Lets Helm change an agent whose number of pods is not Helm's alone. Helm refuses a number it does not own (an
 * autoscaler set it last), and a number that Helm alone owns falls to 1 when an autoscaler shall have it from now on
 * (kubernetes.io: Migrating Deployments and StatefulSets to horizontal autoscaling). So before Helm acts the number is
 * set, or held, in our own name, and a fixed one is Helm's alone afterwards. May be repeated after any interruption.
 */
export async function withReplicas<T>(
  kubernetes: Cluster,
  { target, wanted }: { readonly target: ReleaseTarget; readonly wanted: WantedReplicas },
  change: () => Promise<T>,
): Promise<T> {
  const live = await kubernetes.get(deploymentOf(target));
  const isOurs = live !== undefined && (await prepare(kubernetes, { target, wanted, live }));
  const changed = await change();
  if (isOurs) await giveToHelm(kubernetes, target);
  return changed;
}

/** The number of pods a stored manifest asks for; nothing when it holds no Deployment. */
export function replicasIn(manifest: string, namespace: string): WantedReplicas | undefined {
  const objects = parseManifest(manifest, namespace);
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const autoscaler = fieldsOf(objects.find(({ kind }) => kind === 'HorizontalPodAutoscaler')?.['spec']);
  if (!deployment) return undefined;
  const { replicas } = fieldsOf(deployment['spec']);
  if (typeof replicas === 'number') return { replicas };
  const min_replicas = numberOf(autoscaler['minReplicas']);
  return {
    replicas: min_replicas,
    auto_scaling: { min_replicas, max_replicas: numberOf(autoscaler['maxReplicas']) },
  };
}

const HELM = 'helm/Apply';
const AUTOSCALER = 'kube-controller-manager/';
/** Known to clients/kubernetes/diff.ts, which lets a plan go over it. */
const OURS = 'runtimeai-replicas';
const AS_US = { fieldManager: OURS, force: true } as const;

/** How many pods an autoscaler had brought up when the agent was stopped. */
const BEFORE_STOP = 'runtimeai.dev/replicas-before-stop';

interface Preparing {
  readonly target: ReleaseTarget;
  readonly wanted: WantedReplicas;
  readonly live: KubernetesObject;
}

/** Answers whether a fixed number is now, or was already, in our name. */
async function prepare(kubernetes: Cluster, { target, wanted, live }: Preparing): Promise<boolean> {
  const present = numberOf(fieldsOf(live['spec'])['replicas']);
  const owners = ownersOfReplicas(live);
  if (wanted.auto_scaling && wanted.replicas > 0) {
    if (owners.includes(HELM)) await hold(kubernetes, target, firstNumber(wanted, { live, present }));
    return false;
  }
  if (wanted.auto_scaling && present > 0)
    await kubernetes.patch(deploymentOf(target), {
      metadata: { annotations: { [BEFORE_STOP]: String(present) } },
    });
  const isTaken = owners.some(owner => owner.startsWith(AUTOSCALER) || owner.startsWith(`${OURS}/`));
  if (isTaken && present !== wanted.replicas) await hold(kubernetes, target, wanted.replicas);
  return isTaken;
}

/** Of an agent that was stopped the number it had, else the one it has, within what the autoscaler may choose. */
function firstNumber(
  { replicas, auto_scaling }: WantedReplicas,
  { live, present }: { readonly live: KubernetesObject; readonly present: number },
): number {
  const remembered = Number(live.metadata.annotations?.[BEFORE_STOP] ?? replicas);
  const number = present > 0 ? present : remembered;
  return Math.min(auto_scaling?.max_replicas ?? number, Math.max(auto_scaling?.min_replicas ?? 1, number));
}

async function hold(kubernetes: Cluster, target: ReleaseTarget, replicas: number): Promise<void> {
  await kubernetes.apply(claim(target, { spec: { replicas } }), AS_US);
}

async function giveToHelm(kubernetes: Cluster, target: ReleaseTarget): Promise<void> {
  const live = await kubernetes.get(deploymentOf(target));
  const owners = live === undefined ? [] : ownersOfReplicas(live);
  if (owners.includes(HELM) && owners.includes(`${OURS}/Apply`))
    await kubernetes.apply(claim(target, {}), AS_US);
}

/** Server-side apply: exactly these fields are ours afterwards, and no other of ours stays. */
function claim(target: ReleaseTarget, fields: object): KubernetesObject {
  const { name, namespace, ...kind } = deploymentOf(target);
  return { ...kind, metadata: { name, namespace }, ...fields };
}
