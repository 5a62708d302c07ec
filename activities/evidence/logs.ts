import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, type KubernetesObject, numberOf, textOf } from '../../clients/kubernetes/objects.ts';
import { containersOf } from '../../clients/kubernetes/pod-status.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { withoutSecrets } from '../../process/redaction.ts';

/** The last lines of a pod's most telling container, oldest first, or why there are none. */
export interface PodLog {
  readonly lines: readonly string[];
  readonly unavailable: string | null;
}

const MOST_LINES = 30;
const LONGEST_LINE = 500;
const MOST_BYTES = 32_768;

/** Reads the log of the container that failed, of its previous instance when that is the one that crashed. */
export async function readPodLog(
  kubernetes: Pick<KubernetesClient, 'get' | 'readLog'>,
  pod: KubernetesObject,
): Promise<PodLog> {
  const nodeName = textOf(fieldsOf(pod['spec'])['nodeName']);
  if (nodeName === '') return none('the pod is on no node yet');
  const container = failedContainer(pod);
  if (container === undefined) return none('no container has started yet');
  const node = await kubernetes.get({ apiVersion: 'v1', kind: 'Node', name: nodeName });
  if (node && isSimulated(node)) return none(`node ${nodeName} is simulated: no container runs there`);
  const { namespace = '', name } = pod.metadata;
  const source = { namespace, pod: name, tailLines: MOST_LINES, limitBytes: MOST_BYTES, ...container };
  try {
    return linesOf(await kubernetes.readLog(source));
  } catch (error) {
    if (error instanceof KubernetesError) return none(withoutSecrets(error.message));
    throw error;
  }
}

function none(why: string): PodLog {
  return { lines: [], unavailable: why };
}

function linesOf(text: string): PodLog {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  if (lines.length === 0) return none('the container wrote nothing');
  const kept = lines.slice(-MOST_LINES).map(line => withoutSecrets(line).slice(0, LONGEST_LINE));
  return { lines: kept, unavailable: null };
}

/** KWOK marks its nodes with an annotation. */
function isSimulated(node: KubernetesObject): boolean {
  return node.metadata.annotations?.['kwok.x-k8s.io/node'] === 'fake';
}

function failedContainer(pod: KubernetesObject): { container: string; previous: boolean } | undefined {
  const begun = containersOf(fieldsOf(pod['status'])).filter(one => hasRun(one));
  const failed = begun.find(one => one['ready'] !== true && !endedWell(one)) ?? begun.at(-1);
  if (failed === undefined) return undefined;
  // While a container waits for its next start, the instance that crashed is the previous one.
  const waits = 'waiting' in fieldsOf(failed['state']);
  return { container: textOf(failed['name']), previous: waits && numberOf(failed['restartCount']) > 0 };
}

function hasRun(container: Readonly<Record<string, unknown>>): boolean {
  return textOf(container['containerID']) !== '' || numberOf(container['restartCount']) > 0;
}

function endedWell(container: Readonly<Record<string, unknown>>): boolean {
  const ended = fieldsOf(container['state'])['terminated'];
  return ended !== undefined && numberOf(fieldsOf(ended)['exitCode']) === 0;
}
