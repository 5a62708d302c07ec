import type { PodCounter, PodUsage } from '../../clients/kubernetes/usage.ts';

/** What a runtime uses, as far as it is known of every one of its pods. */
export interface Usage {
  readonly cpuCores?: number;
  readonly memoryMiB?: number;
}

/** A count whose moment is known. */
export type DatedCounter = PodCounter & { readonly countedAt: number };

interface Noted {
  readonly memoryMiB: number;
  readonly cpuCores?: number;
  readonly counted?: DatedCounter;
  readonly notedAt: number;
}

/** The latest figures of each pod, forgotten when nothing new comes for a while. */
export class UsageBook {
  private readonly pods = new Map<string, Noted>();
  private readonly keptMs: number;
  private readonly now: () => number;
  private forgottenAt = Number.NEGATIVE_INFINITY;

  constructor({ keptSeconds, now = () => performance.now() }: { keptSeconds: number; now?: () => number }) {
    this.keptMs = keptSeconds * 1000;
    this.now = now;
  }

  /** Notes what a pod uses. */
  note({ namespace, pod, cpuCores, memoryMiB }: PodUsage): void {
    this.pods.set(keyOf(namespace, pod), { cpuCores, memoryMiB, notedAt: this.now() });
  }

  /** Notes what a kubelet counted; CPU is what was added since the count before. */
  count(counted: DatedCounter): void {
    const key = keyOf(counted.namespace, counted.pod);
    const before = this.pods.get(key);
    // A kubelet counts every few seconds and answers the same until then.
    const isSame = before?.counted?.countedAt === counted.countedAt;
    const cpuCores = isSame ? before?.cpuCores : coresBetween(before?.counted, counted);
    this.pods.set(key, {
      memoryMiB: counted.memoryMiB,
      counted,
      notedAt: this.now(),
      ...(cpuCores === undefined ? {} : { cpuCores }),
    });
  }

  /** The sum over these pods; of none it is nothing. */
  sum(namespace: string, pods: readonly string[]): Usage {
    this.forgetOld();
    const noted = pods.map(pod => this.pods.get(keyOf(namespace, pod)));
    const cpuCores = sumOf(noted.map(one => one?.cpuCores));
    const memoryMiB = sumOf(noted.map(one => one?.memoryMiB));
    return {
      ...(cpuCores === undefined ? {} : { cpuCores }),
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
    };
  }

  isEmpty(): boolean {
    this.forgetOld();
    return this.pods.size === 0;
  }

  private forgetOld(): void {
    const now = this.now();
    if (now - this.forgottenAt < this.keptMs / 4) return;
    this.forgottenAt = now;
    for (const [key, { notedAt }] of this.pods) if (now - notedAt > this.keptMs) this.pods.delete(key);
  }
}

/** Nothing when the second count is not later, or lower: then it is of another pod with the same name. */
function coresBetween(before: DatedCounter | undefined, after: DatedCounter): number | undefined {
  if (before === undefined || after.cpuSeconds < before.cpuSeconds) return undefined;
  const seconds = (after.countedAt - before.countedAt) / 1000;
  return seconds > 0 ? (after.cpuSeconds - before.cpuSeconds) / seconds : undefined;
}

function sumOf(figures: readonly (number | undefined)[]): number | undefined {
  if (figures.length === 0) return undefined;
  let sum = 0;
  for (const figure of figures) {
    if (figure === undefined) return undefined;
    sum += figure;
  }
  return sum;
}

function keyOf(namespace: string, pod: string): string {
  return `${namespace}/${pod}`;
}
