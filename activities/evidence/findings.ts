import { fieldsOf, type KubernetesObject, numberOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Evidence, ReleaseTarget } from '../../domain/deployment.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { withoutSecrets } from '../../process/redaction.ts';
import { readPodLog } from './logs.ts';
import { describePod, isReadyPod, type PodFinding } from './pods.ts';

type Reader = Pick<KubernetesClient, 'get' | 'list' | 'readLog'>;
export type EvidenceEvent = Evidence['events'][number];

/** What the cluster still knows of a rollout that is being given up. */
export interface Findings {
  /** All pods of the current template, and how many of them are not ready. */
  readonly podCount: number;
  readonly unreadyCount: number;
  readonly desiredReplicas: number;
  /** The most telling pods, those that are not ready first. */
  readonly pods: readonly PodFinding[];
  /** Oldest first. */
  readonly events: readonly EvidenceEvent[];
}

const MOST_PODS = 5;
const MOST_EVENTS = 40;
const LONGEST_MESSAGE = 1000;

/** Reads pods, events and logs of the runtime's current template. */
export async function collectFindings(kubernetes: Reader, target: ReleaseTarget): Promise<Findings> {
  const { namespace, release: name } = target;
  const labelled = { namespace, labelSelector: `${RUNTIME_LABEL}=${target.runtimeId}` };
  const [deployment, replicaSets, allPods] = await Promise.all([
    kubernetes.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }),
    kubernetes.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', ...labelled }),
    kubernetes.list({ apiVersion: 'v1', kind: 'Pod', ...labelled }),
  ]);
  const replicaSet =
    deployment && replicaSets.find(one => annotation(one, REVISION) === annotation(deployment, REVISION));
  const pods = currentPods(allPods, replicaSet);
  const telling = [...pods].sort((a, b) => Number(isReadyPod(a)) - Number(isReadyPod(b))).slice(0, MOST_PODS);
  const involved = [deployment, replicaSet, ...telling].filter(object => object !== undefined);
  const events = (await Promise.all(involved.map(object => eventsOf(kubernetes, object))))
    .flat()
    .sort(byTime);
  return {
    podCount: pods.length,
    unreadyCount: pods.filter(pod => !isReadyPod(pod)).length,
    desiredReplicas: numberOf(fieldsOf(deployment?.['spec'])['replicas']),
    pods: await Promise.all(
      telling.map(async pod => describePod(pod, { events, log: await readPodLog(kubernetes, pod) })),
    ),
    events: events.slice(-MOST_EVENTS),
  };
}

const REVISION = 'deployment.kubernetes.io/revision';

function annotation(object: KubernetesObject, name: string): string | undefined {
  return object.metadata.annotations?.[name];
}

function currentPods(
  pods: readonly KubernetesObject[],
  replicaSet: KubernetesObject | undefined,
): readonly KubernetesObject[] {
  if (replicaSet === undefined) return pods;
  return pods.filter(pod =>
    pod.metadata.ownerReferences?.some(owner => owner.uid === replicaSet.metadata.uid),
  );
}

async function eventsOf(kubernetes: Reader, object: KubernetesObject): Promise<EvidenceEvent[]> {
  const events = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Event',
    namespace: object.metadata.namespace ?? '',
    fieldSelector: `involvedObject.uid=${object.metadata.uid}`,
  });
  return events.map(event => ({
    ts: lastSeen(event),
    type: textOf(event['type']),
    reason: textOf(event['reason']),
    object: `${object.kind}/${object.metadata.name}`,
    message: withoutSecrets(textOf(event['message'])).slice(0, LONGEST_MESSAGE),
    count: numberOf(event['count']) || numberOf(fieldsOf(event['series'])['count']) || 1,
  }));
}

function lastSeen(event: KubernetesObject): string {
  const times = [fieldsOf(event['series'])['lastObservedTime'], event['lastTimestamp'], event['eventTime']];
  return times.map(textOf).find(time => time !== '') ?? event.metadata.creationTimestamp ?? '';
}

function byTime(a: EvidenceEvent, b: EvidenceEvent): number {
  return a.ts.localeCompare(b.ts);
}
