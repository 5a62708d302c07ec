import { KubernetesError } from '../clients/kubernetes/errors.ts';
import {
  type KindReference,
  type KubernetesObject,
  nameOf,
  referenceOf,
} from '../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { Step } from '../domain/change.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import { OPERATION_ANNOTATION, PROJECT_LABEL, RUNTIME_LABEL, TENANT_LABEL } from '../domain/rules/labels.ts';
import { markOf } from '../domain/rules/marks.ts';
import { AdapterFailure } from './failure.ts';

type Labels = Readonly<Record<string, string>>;

/** The labels by which everything of a runtime is found again. */
export function ownerLabels({ runtimeId, tenantId, project }: ReleaseTarget): Labels {
  return { [RUNTIME_LABEL]: runtimeId, [TENANT_LABEL]: tenantId, [PROJECT_LABEL]: project };
}

/**
 * The labels of what we apply ourselves, and of its pods: the user's own, `more` (e.g. those that compliance asks for),
 * and ours. Later ones win.
 */
export function labelsOf(target: Step['target'], more: Labels = {}): Labels {
  return {
    ...target.labels,
    ...more,
    'app.kubernetes.io/managed-by': 'runtimeai',
    ...ownerLabels(target),
  };
}

/** Selects everything of a runtime. */
export function selectorOf({ runtimeId }: Pick<ReleaseTarget, 'runtimeId'>): string {
  return `${RUNTIME_LABEL}=${runtimeId}`;
}

/** Metadata of what we apply ourselves for a step: where it is, whose it is, and which step wrote it. */
export function metadataOf(step: Step) {
  return {
    namespace: step.target.namespace,
    labels: labelsOf(step.target),
    annotations: { [OPERATION_ANNOTATION]: markOf(step) },
  };
}

/** All objects of a kind that belong to a runtime; none where the cluster does not know the kind. */
export async function listOwn(
  kubernetes: Pick<KubernetesClient, 'list'>,
  kind: Pick<KindReference, 'apiVersion' | 'kind'>,
  target: Pick<ReleaseTarget, 'namespace' | 'runtimeId'>,
): Promise<readonly KubernetesObject[]> {
  const { namespace } = target;
  return listKnown(kubernetes, { ...kind, namespace, labelSelector: selectorOf(target) });
}

/** Lists a kind; of one the cluster does not know there is nothing. */
export async function listKnown(
  kubernetes: Pick<KubernetesClient, 'list'>,
  options: Parameters<KubernetesClient['list']>[0],
): Promise<readonly KubernetesObject[]> {
  try {
    return await kubernetes.list(options);
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'not_found') return [];
    throw error;
  }
}

/** Throws when an object is there that is not the runtime's: whoever made it shall not lose it. */
export function refuseForeign(
  object: KubernetesObject | undefined,
  { runtimeId }: Pick<ReleaseTarget, 'runtimeId'>,
): void {
  const owner = object?.metadata.labels?.[RUNTIME_LABEL];
  if (!object || owner === runtimeId) return;
  const whose = owner === undefined ? 'was not made by RuntimeAI' : `belongs to runtime ${owner}`;
  throw new AdapterFailure(
    'changed_outside',
    `${nameOf(referenceOf(object))} ${whose}. Nothing was changed.`,
    {
      nextStep: 'Find out who made it and remove or rename it, or choose another name for the runtime.',
    },
  );
}
