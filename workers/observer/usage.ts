import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesConnection } from '../../clients/kubernetes/connection.ts';
import { listPodUsage, readNodeCounters } from '../../clients/kubernetes/usage.ts';
import type { PodFacts } from '../../domain/health.ts';
import { isLiving } from '../../domain/rules/health.ts';
import { RUNTIME_LABEL } from '../../domain/rules/labels.ts';
import { type Usage, UsageBook } from './usage-book.ts';

export interface UsageOptions {
  readonly connection: KubernetesConnection;
  /** Ask the kubelets where the cluster has no metrics API; needs the permission `nodes/proxy`. */
  readonly fromNodes: boolean;
  /** Nodes with pods of runtimes. */
  readonly nodes: () => ReadonlySet<string>;
  /** Called after each reading, unless there are no figures and were none. */
  readonly onRead: () => void;
  readonly log: { info(fields: object, message: string): void };
  /** Default 15. */
  readonly everySeconds?: number;
}

/** What pods use, read again and again while the cluster tells. */
export interface UsageReading {
  /** CPU and memory of all living pods together; a figure that one of them lacks is left out. */
  of(namespace: string, pods: readonly PodFacts[]): Usage;
  stop(): Promise<void>;
}

/** Begins to read usage: from the metrics API where it is served, else from the kubelets if that is allowed. */
export function startUsage(options: UsageOptions): UsageReading {
  const reader = new UsageReader(options);
  const running = reader.run();
  return {
    of: (namespace, pods) =>
      reader.book.sum(
        namespace,
        pods.filter(isLiving).map(pod => pod.name),
      ),
    stop: async () => {
      reader.stopping.abort();
      await running;
    },
  };
}

/** A node that does not tell is asked again after so many rounds, twice as many each time. */
const MOST_ROUNDS_LEFT_OUT = 40;
const NODES_AT_ONCE = 8;

class UsageReader {
  readonly stopping = new AbortController();
  readonly book: UsageBook;
  private readonly options: UsageOptions;
  private readonly silent = new Map<string, { readonly leaveOut: number; readonly left: number }>();
  private source = '';

  constructor(options: UsageOptions) {
    this.options = options;
    this.book = new UsageBook({ keptSeconds: 4 * (options.everySeconds ?? 15) });
  }

  async run(): Promise<void> {
    const { everySeconds = 15, onRead } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const hadFigures = !this.book.isEmpty();
      await this.read();
      if (!signal.aborted && (hadFigures || !this.book.isEmpty())) onRead();
      await sleep(everySeconds * 1000, undefined, { signal }).catch(() => {
        // Stopped while waiting: the loop sees it.
      });
    }
  }

  private async read(): Promise<void> {
    const { fromNodes } = this.options;
    const why = await this.whyNotFromApi();
    if (why === undefined) return this.tell('the metrics API');
    if (this.stopping.signal.aborted) return;
    if (!fromNodes) return this.tell(`nowhere: ${why}; RUNTIMEAI_NODE_METRICS would ask the kubelets`);
    this.tell('the kubelets');
    await this.readNodes();
  }

  /** Reads the metrics API; answers why that did not work. */
  private async whyNotFromApi(): Promise<string | undefined> {
    const { signal } = this.stopping;
    try {
      const { connection } = this.options;
      const usage = await listPodUsage(connection, { labelSelector: RUNTIME_LABEL, signal });
      for (const one of usage ?? []) this.book.note(one);
      return usage === undefined ? 'the cluster serves no metrics API' : undefined;
    } catch (error) {
      return wordsOf(error);
    }
  }

  private async readNodes(): Promise<void> {
    const due = [...this.options.nodes()].filter(node => this.isDue(node)).values();
    const lane = async () => {
      for (const node of due) await this.readNode(node);
    };
    await Promise.all(Array.from({ length: NODES_AT_ONCE }, lane));
  }

  private isDue(node: string): boolean {
    const silence = this.silent.get(node);
    if (silence === undefined || silence.left <= 0) return true;
    this.silent.set(node, { ...silence, left: silence.left - 1 });
    return false;
  }

  private async readNode(node: string): Promise<void> {
    const { signal } = this.stopping;
    try {
      const now = Date.now();
      for (const counter of await readNodeCounters(this.options.connection, { node, signal }))
        this.book.count({ ...counter, countedAt: counter.countedAt ?? now });
      this.silent.delete(node);
    } catch (error) {
      if (signal.aborted) return;
      const before = this.silent.get(node)?.leaveOut;
      const leaveOut = Math.min((before ?? 1) * 2, MOST_ROUNDS_LEFT_OUT);
      this.silent.set(node, { leaveOut, left: leaveOut });
      if (before === undefined)
        this.options.log.info({ node }, `no usage of the pods on ${node}: ${wordsOf(error)}`);
    }
  }

  private tell(source: string): void {
    if (this.source === source) return;
    this.source = source;
    this.options.log.info({ source }, `CPU and memory of runtimes come from: ${source}`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
