import { fieldsOf, type KubernetesObject, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Step } from '../../domain/change.ts';
import { refuseForeign } from '../ownership.ts';
import { KINDS, ownReference, POD_NAME_ANNOTATION } from './kinds.ts';
import { isPooled } from './manifests.ts';

/** What is there of a sandbox now. */
export interface Live {
  /** Only of a pooled one. */
  readonly claim: KubernetesObject | undefined;
  readonly sandbox: KubernetesObject | undefined;
  /** The pod of its Sandbox; one of somebody else with that name is not. */
  readonly pod: KubernetesObject | undefined;
}

/** Reads a sandbox; of a pooled one the claim tells which Sandbox it got. Throws for one that is not ours. */
export async function readLive(
  kubernetes: Pick<KubernetesClient, 'get'>,
  { target, desired }: Step,
): Promise<Live> {
  // A claimed Sandbox bears no label of ours at first, its claim always does.
  const own = await kubernetes.get(ownReference(target, isPooled(desired) ? 'claim' : 'sandbox'));
  refuseForeign(own, target);
  if (!isPooled(desired)) return withPod(kubernetes, undefined, own);
  const claim = own;
  const name = claimedSandbox(claim);
  if (name === '') return { claim, sandbox: undefined, pod: undefined };
  const { namespace } = target;
  return withPod(kubernetes, claim, await kubernetes.get({ ...KINDS.sandbox, namespace, name }));
}

/**
 * Whether two looks saw the same. The controller judges from its own cache: for a moment after a quick stop and start a
 * Sandbox is still called ready for the pod that has just gone, while the one that is read is another.
 */
export function isSame(one: Live, other: Live): boolean {
  const isSandbox = one.sandbox?.metadata.resourceVersion === other.sandbox?.metadata.resourceVersion;
  return isSandbox && one.pod?.metadata.uid === other.pod?.metadata.uid;
}

/** The name of the Sandbox a claim got; empty while it has none. */
export function claimedSandbox(claim: KubernetesObject | undefined): string {
  return textOf(fieldsOf(fieldsOf(claim?.['status'])['sandbox'])['name']);
}

async function withPod(
  kubernetes: Pick<KubernetesClient, 'get'>,
  claim: KubernetesObject | undefined,
  sandbox: KubernetesObject | undefined,
): Promise<Live> {
  if (!sandbox) return { claim, sandbox, pod: undefined };
  const { name, namespace, annotations, uid } = sandbox.metadata;
  const pod = await kubernetes.get({
    ...KINDS.pod,
    ...(namespace === undefined ? {} : { namespace }),
    name: annotations?.[POD_NAME_ANNOTATION] ?? name,
  });
  const isOwn = pod?.metadata.ownerReferences?.some(owner => owner.uid === uid) ?? false;
  return { claim, sandbox, pod: isOwn ? pod : undefined };
}
