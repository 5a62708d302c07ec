import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Prerequisites } from '../adapter.ts';
import { KINDS } from './kinds.ts';

/** Which of the kinds of agent-sandbox the cluster lacks, and how to install them. */
export async function sandboxPrerequisites(
  kubernetes: Pick<KubernetesClient, 'list'>,
): Promise<Prerequisites> {
  const lacking = await Promise.all(NEEDED.map(needed => lacks(kubernetes, needed.kind)));
  return {
    missing: NEEDED.filter((_, index) => lacking[index]).map(({ plural, kind }) => ({
      what: `CustomResourceDefinition ${plural}.${kind.apiVersion.split('/')[0]} with version v1beta1`,
      install: `kubectl apply --server-side -f ${RELEASE}/${kind === KINDS.sandbox ? 'manifest' : 'extensions'}.yaml`,
    })),
  };
}

const RELEASE = 'https://github.com/kubernetes-sigs/agent-sandbox/releases/download/v0.5.6';

const NEEDED = [
  { plural: 'sandboxes', kind: KINDS.sandbox },
  { plural: 'sandboxclaims', kind: KINDS.claim },
  { plural: 'sandboxtemplates', kind: KINDS.template },
  { plural: 'sandboxwarmpools', kind: KINDS.warmPool },
] as const;

async function lacks(
  kubernetes: Pick<KubernetesClient, 'list'>,
  kind: { readonly apiVersion: string; readonly kind: string },
): Promise<boolean> {
  try {
    await kubernetes.list({ ...kind, namespace: 'default' });
    return false;
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'not_found') return true;
    throw error;
  }
}
