import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import { factsOf, observeDeployment, observeReplicaSet } from '../../clients/kubernetes/workloads.ts';
import { judgeHealth } from '../../domain/rules/health.ts';
import type { HealthView, Seen, SeenHealth } from '../adapter.ts';

/** What is watched of agents, and how it is judged: as the observer judges the Deployments of all deploys. */
export const agentHealth: HealthView = {
  kinds: [
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  ],
  keep,
  judge,
};

function keep({ apiVersion, kind, metadata, spec, status }: KubernetesObject): KubernetesObject {
  const { managedFields: _managed, ...kept } = metadata;
  if (kind === 'ReplicaSet') return { apiVersion, kind, metadata: identityOf(kept) };
  const { replicas } = fieldsOf(spec);
  return {
    apiVersion,
    kind,
    metadata: kept,
    spec: { replicas },
    ...(status === undefined ? {} : { status }),
  };
}

/** There are up to eleven of them for each Deployment, and their annotations repeat its own. */
function identityOf({
  name,
  namespace = '',
  uid = '',
  labels = {},
  annotations = {},
  ownerReferences = [],
}: Metadata) {
  const revision = annotations[REVISION];
  return {
    name,
    namespace,
    uid,
    labels,
    annotations: revision === undefined ? {} : { [REVISION]: revision },
    ownerReferences,
  };
}

type Metadata = KubernetesObject['metadata'];

const REVISION = 'deployment.kubernetes.io/revision';

function judge({ objects, pods }: Seen): SeenHealth {
  const deployment = objects.findLast(({ kind }) => kind === 'Deployment');
  if (!deployment)
    return {
      status: 'unhealthy',
      readyPods: 0,
      totalPods: 0,
      reason: 'its Deployment is gone',
      desiredReplicas: 0,
      readyReplicas: 0,
      phase: 'Gone',
    };
  const facts = {
    ...factsOf({
      deployment: observeDeployment(deployment),
      replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet').map(observeReplicaSet),
      pods: [],
    }),
    pods,
    observedAt: '',
  };
  const health = judgeHealth(facts);
  return { ...health, desiredReplicas: facts.desiredReplicas, readyReplicas: health.readyPods };
}
