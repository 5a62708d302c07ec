import type { PodFacts, WorkloadFacts } from '../../domain/health.ts';
import { OPERATION_ANNOTATION, RUNTIME_LABEL, TENANT_LABEL } from '../../domain/rules/labels.ts';
import { fieldsOf, type KubernetesObject, numberOf, textOf } from './objects.ts';
import { badEndsOf, conditionOf, containersOf, waitingOf } from './pod-status.ts';

interface Observed {
  readonly uid: string;
  readonly runtimeId: string;
  readonly namespace: string;
}

type DeploymentFacts = Omit<WorkloadFacts, 'pods' | 'observedAt' | 'currentTemplateHash'>;

/** What is kept of a Deployment. */
export interface ObservedDeployment extends Observed {
  /** Which ReplicaSet is the current one. */
  readonly revision: string;
  readonly facts: DeploymentFacts;
}

/** What is kept of a ReplicaSet. */
export interface ObservedReplicaSet extends Observed {
  readonly deploymentUid: string;
  readonly revision: string;
  readonly templateHash: string;
}

/** What is kept of a pod. */
export interface ObservedPod extends Observed {
  readonly facts: PodFacts;
}

/** The facts of one runtime from what was kept of it; the caller says how old they are. */
export function factsOf({
  deployment,
  replicaSets,
  pods,
}: {
  readonly deployment: ObservedDeployment;
  readonly replicaSets: Iterable<ObservedReplicaSet>;
  readonly pods: Iterable<ObservedPod>;
}): Omit<WorkloadFacts, 'observedAt'> {
  const hash = currentHash(deployment, replicaSets);
  const own = [...pods].filter(pod => pod.namespace === deployment.namespace);
  return {
    ...deployment.facts,
    ...(hash === undefined ? {} : { currentTemplateHash: hash }),
    pods: own.map(pod => pod.facts),
  };
}

/** Keeps of a Deployment what judging it needs. */
export function observeDeployment(object: KubernetesObject): ObservedDeployment {
  const { metadata } = object;
  const spec = fieldsOf(object['spec']);
  const status = fieldsOf(object['status']);
  const progressing = conditionOf(status, 'Progressing');
  const failure = conditionOf(status, 'ReplicaFailure');
  return {
    ...identity(object),
    revision: annotation(object, REVISION),
    facts: {
      runtimeId: label(object, RUNTIME_LABEL),
      tenantId: label(object, TENANT_LABEL),
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      operationId: annotation(object, OPERATION_ANNOTATION),
      generation: metadata.generation ?? 0,
      observedGeneration: numberOf(status['observedGeneration']),
      desiredReplicas: typeof spec['replicas'] === 'number' ? spec['replicas'] : 1,
      replicas: numberOf(status['replicas']),
      updatedReplicas: numberOf(status['updatedReplicas']),
      readyReplicas: numberOf(status['readyReplicas']),
      availableReplicas: numberOf(status['availableReplicas']),
      ...(isRollingOut(metadata.generation, status, progressing) ? { rollingOut: true } : {}),
      ...(progressing?.['status'] === 'False' ? { stalled: reasonOf(progressing) } : {}),
      ...(failure?.['status'] === 'True'
        ? { replicaFailure: { ...reasonOf(failure), since: textOf(failure['lastTransitionTime']) } }
        : {}),
    },
  };
}

// A Deployment says NewReplicaSetAvailable once its current template has been up, and keeps saying so afterwards.
function isRollingOut(
  generation: number | undefined,
  status: Readonly<Record<string, unknown>>,
  progressing: Readonly<Record<string, unknown>> | undefined,
): boolean {
  if (progressing === undefined || numberOf(status['observedGeneration']) < (generation ?? 0)) return true;
  return progressing['status'] === 'True' && progressing['reason'] !== 'NewReplicaSetAvailable';
}

/** Keeps of a ReplicaSet whose it is and which template it has; its metadata are enough. */
export function observeReplicaSet(object: KubernetesObject): ObservedReplicaSet {
  const owner = object.metadata.ownerReferences?.find(reference => reference.kind === 'Deployment');
  return {
    ...identity(object),
    deploymentUid: owner?.uid ?? '',
    revision: annotation(object, REVISION),
    templateHash: label(object, TEMPLATE_HASH),
  };
}

/** Keeps of a pod what judging it needs. */
export function observePod(object: KubernetesObject): ObservedPod {
  const status = fieldsOf(object['status']);
  const ready = conditionOf(status, 'Ready');
  const isReady = ready?.['status'] === 'True';
  const waiting = waitingOf(status);
  const lastTermination = lastEnd(status);
  const nodeName = textOf(fieldsOf(object['spec'])['nodeName']);
  return {
    ...identity(object),
    facts: {
      name: object.metadata.name,
      uid: object.metadata.uid ?? '',
      templateHash: label(object, TEMPLATE_HASH),
      phase: textOf(status['phase']),
      ready: isReady,
      terminating: object.metadata.deletionTimestamp !== undefined,
      restarts: containersOf(status).reduce((sum, container) => sum + numberOf(container['restartCount']), 0),
      ...(isReady ? { readySince: textOf(ready['lastTransitionTime']) } : {}),
      ...(nodeName === '' ? {} : { nodeName }),
      ...(waiting === undefined ? {} : { waiting: reasonOf(waiting) }),
      ...(lastTermination === undefined ? {} : { lastTermination }),
    },
  };
}

/** A Deployment does not name its ReplicaSet; both carry the same revision number. */
function currentHash(
  deployment: ObservedDeployment,
  replicaSets: Iterable<ObservedReplicaSet>,
): string | undefined {
  for (const replicaSet of replicaSets)
    if (replicaSet.deploymentUid === deployment.uid && replicaSet.revision === deployment.revision)
      return replicaSet.templateHash;
  return undefined;
}

const REVISION = 'deployment.kubernetes.io/revision';
const TEMPLATE_HASH = 'pod-template-hash';
const LONGEST_MESSAGE = 500;

type Fields = Readonly<Record<string, unknown>>;

function lastEnd(status: Fields): PodFacts['lastTermination'] {
  const ends = badEndsOf(status)
    .filter(end => textOf(end['finishedAt']) !== '')
    .sort((a, b) => textOf(b['finishedAt']).localeCompare(textOf(a['finishedAt'])));
  const [end] = ends;
  return (
    end && {
      reason: textOf(end['reason']),
      exitCode: numberOf(end['exitCode']),
      finishedAt: textOf(end['finishedAt']),
    }
  );
}

function reasonOf(fields: Fields): { reason: string; message: string } {
  return { reason: textOf(fields['reason']), message: textOf(fields['message']).slice(0, LONGEST_MESSAGE) };
}

function identity(object: KubernetesObject): Observed {
  const { uid = '', namespace = '' } = object.metadata;
  return { uid, namespace, runtimeId: label(object, RUNTIME_LABEL) };
}

function label(object: KubernetesObject, name: string): string {
  return object.metadata.labels?.[name] ?? '';
}

function annotation(object: KubernetesObject, name: string): string {
  return object.metadata.annotations?.[name] ?? '';
}
