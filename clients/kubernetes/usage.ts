import type { KubernetesConnection } from './connection.ts';
import { KubernetesError } from './errors.ts';
import { fieldsOf, type KubernetesObject, listOf, textOf } from './objects.ts';
import { ask } from './requests.ts';

/** What one pod uses now. */
export interface PodUsage {
  readonly namespace: string;
  readonly pod: string;
  readonly cpuCores: number;
  readonly memoryMiB: number;
}

/** What a kubelet counts of one pod: CPU seconds since it began, and memory in use. */
export interface PodCounter {
  readonly namespace: string;
  readonly pod: string;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  /** When it was counted, in milliseconds since 1970; nothing where the kubelet does not say. */
  readonly countedAt: number | undefined;
}

interface UsageCall {
  readonly labelSelector: string;
  readonly signal: AbortSignal;
}

const METRICS = '/apis/metrics.k8s.io/v1beta1/pods';
const TIMEOUT_MS = 5_000;

/** The usage of all labelled pods by the metrics API; nothing when the cluster does not serve it. */
export async function listPodUsage(
  connection: KubernetesConnection,
  { labelSelector, signal }: UsageCall,
): Promise<readonly PodUsage[] | undefined> {
  const found: PodUsage[] = [];
  let next: string | undefined;
  do {
    const query = { labelSelector, limit: 500, continue: next };
    const page = await ask(connection, 'Listing the usage of pods', {
      method: 'GET',
      path: METRICS,
      query,
      timeoutMs: TIMEOUT_MS,
      signal,
    }).catch((error: unknown) => {
      // 404 without a metrics server, 503 while the one that is registered does not answer.
      if (error instanceof KubernetesError && (error.status === 404 || error.status === 503))
        return undefined;
      throw error;
    });
    if (page === undefined) return undefined;
    const { items, metadata } = fieldsOf(JSON.parse(page.body));
    for (const item of listOf(items)) found.push(usageOf(item as unknown as KubernetesObject));
    next = textOf(fieldsOf(metadata)['continue']) || undefined;
  } while (next !== undefined);
  return found;
}

/** What the kubelet of a node counts of its pods, asked through the API server (permission `nodes/proxy`). */
export async function readNodeCounters(
  connection: KubernetesConnection,
  { node, signal }: { readonly node: string; readonly signal: AbortSignal },
): Promise<readonly PodCounter[]> {
  const answer = await ask(connection, `Reading the resource metrics of node ${node}`, {
    method: 'GET',
    path: `/api/v1/nodes/${encodeURIComponent(node)}/proxy/metrics/resource`,
    accept: 'text/plain',
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  return parseCounters(answer.body);
}

/**
 * Reads a kubelet's `/metrics/resource` (Prometheus text). The figures of a whole pod count where there are any, else
 * the sum of its containers'. https://kubernetes.io/docs/reference/instrumentation/node-metrics/
 */
export function parseCounters(text: string): readonly PodCounter[] {
  const whole = new Map<string, Figures>();
  const summed = new Map<string, Figures>();
  for (const line of text.split('\n')) {
    const sample = parseSample(line);
    if (sample) add(sample.ofPod ? whole : summed, sample);
  }
  return [...new Set([...whole.keys(), ...summed.keys()])].flatMap(key => {
    const { namespace, pod, cpuSeconds, bytes, countedAt } = { ...summed.get(key), ...whole.get(key) };
    if (namespace === undefined || pod === undefined || cpuSeconds === undefined || bytes === undefined)
      return [];
    return [{ namespace, pod, cpuSeconds, memoryMiB: bytes / MIB, countedAt }];
  });
}

/** A quantity of CPU, e.g. `1529000n` or `250m`, in cores; of anything else nothing. */
export function coresOf(quantity: string): number | undefined {
  return scaled(quantity, { '': 1, m: 1e-3, u: 1e-6, n: 1e-9, k: 1e3 });
}

/** A quantity of memory, e.g. `8012Ki`, in MiB; of anything else nothing. */
export function mebibytesOf(quantity: string): number | undefined {
  const bytes = scaled(quantity, {
    '': 1,
    m: 1e-3,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 1024,
    Mi: MIB,
    Gi: 1024 * MIB,
    Ti: MIB * MIB,
  });
  return bytes === undefined ? undefined : bytes / MIB;
}

const MIB = 1024 ** 2;

interface Sample {
  readonly ofPod: boolean;
  readonly figure: 'cpuSeconds' | 'bytes';
  readonly namespace: string;
  readonly pod: string;
  readonly value: number;
  readonly countedAt: number | undefined;
}

interface Figures {
  namespace: string;
  pod: string;
  cpuSeconds?: number;
  bytes?: number;
  countedAt?: number | undefined;
}

const SAMPLE =
  /^(pod|container)_(cpu_usage_seconds_total|memory_working_set_bytes)\{([^}]*)\} (\S+)(?: (\d+))?$/;

function parseSample(line: string): Sample | undefined {
  const [, subject, figure, labels = '', value, countedAt] = SAMPLE.exec(line) ?? [];
  const number = Number(value);
  if (subject === undefined || !Number.isFinite(number)) return undefined;
  return {
    ofPod: subject === 'pod',
    figure: figure === 'cpu_usage_seconds_total' ? 'cpuSeconds' : 'bytes',
    namespace: labelIn(labels, 'namespace'),
    pod: labelIn(labels, 'pod'),
    value: number,
    countedAt: countedAt === undefined ? undefined : Number(countedAt),
  };
}

/** Names of Kubernetes objects need no escaping, so neither do these labels. */
function labelIn(labels: string, name: string): string {
  return new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
}

function add(figures: Map<string, Figures>, sample: Sample): void {
  const { namespace, pod, figure, value, countedAt } = sample;
  const key = `${namespace}/${pod}`;
  const before = figures.get(key) ?? { namespace, pod };
  figures.set(key, {
    ...before,
    [figure]: (before[figure] ?? 0) + value,
    ...(figure === 'cpuSeconds' && countedAt !== undefined ? { countedAt } : {}),
  });
}

function usageOf({ metadata, containers }: KubernetesObject): PodUsage {
  const usages = listOf(containers).map(container => fieldsOf(container['usage']));
  const sum = (figure: string, read: (quantity: string) => number | undefined) =>
    usages.reduce((total, usage) => total + (read(textOf(usage[figure])) ?? 0), 0);
  return {
    namespace: metadata.namespace ?? '',
    pod: metadata.name,
    cpuCores: sum('cpu', coresOf),
    memoryMiB: sum('memory', mebibytesOf),
  };
}

function scaled(quantity: string, factors: Readonly<Record<string, number>>): number | undefined {
  const [, digits, suffix = ''] = /^([0-9.]+(?:e[+-]?\d+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = factors[suffix];
  const number = Number(digits);
  return factor === undefined || !Number.isFinite(number) ? undefined : number * factor;
}
