import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesConnection } from '../../clients/kubernetes/connection.ts';
import { findKind } from '../../clients/kubernetes/discovery.ts';
import { declareKind } from '../../clients/kubernetes/kinds.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import {
  startWatch,
  type Watch,
  type WatchChange,
  type WatchTrouble,
} from '../../clients/kubernetes/watch.ts';

/** A kind some adapter names. */
export interface FollowedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** `looking`: nobody has said yet whether the cluster has the kind; `listing`: it has, and its objects are being read. */
export type KindState = 'looking' | 'not_installed' | 'listing' | 'followed';

export interface KindWatchOptions<T> extends FollowedKind {
  readonly connection: KubernetesConnection;
  readonly labelSelector: string;
  /** Of one watch request, and between two looks whether the kind is there by now. */
  readonly roundSeconds: number;
  readonly project: (object: KubernetesObject) => T;
  readonly onChange: (change: WatchChange<T>) => void;
  readonly onTrouble: (trouble: WatchTrouble) => void;
  readonly onState: (state: KindState) => void;
}

/** Follows a kind whenever the cluster has it: it may come later, and go again. */
export interface KindWatch {
  state(): KindState;
  /** How long ago it was last proven that everything of the kind is known; of a kind that is not there, that it is not. */
  ageSeconds(): number;
  count(): number;
  stop(): Promise<void>;
}

/** Begins to look for the kind and to follow it. */
export function startKindWatch<T>(options: KindWatchOptions<T>): KindWatch {
  const follower = new KindFollower(options);
  const running = follower.run();
  return {
    state: () => follower.state,
    ageSeconds: () => follower.ageSeconds(),
    count: () => follower.watch?.objects.size ?? 0,
    stop: async () => {
      follower.stopping.abort();
      await running;
    },
  };
}

class KindFollower<T> {
  readonly stopping = new AbortController();
  state: KindState = 'looking';
  watch: Watch<T> | undefined;
  private provenAt = performance.now();
  private readonly options: KindWatchOptions<T>;

  constructor(options: KindWatchOptions<T>) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (await this.isServed()) await this.follow();
      await sleep(this.options.roundSeconds * 1000, undefined, { signal }).catch(() => {
        // Stopped while waiting: the loop sees it.
      });
    }
  }

  ageSeconds(): number {
    const silence = (performance.now() - this.provenAt) / 1000;
    return Math.min(silence, this.watch?.ageSeconds() ?? silence);
  }

  private async isServed(): Promise<boolean> {
    const { connection, apiVersion, kind, onTrouble, roundSeconds } = this.options;
    try {
      const found = await findKind(connection, { apiVersion, kind, signal: this.stopping.signal });
      if (found) declareKind(found);
      else this.isAbsent();
      return found !== undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.stopping.signal.aborted)
        onTrouble({ reason, status: undefined, relist: false, retryInMs: roundSeconds * 1000 });
      return false;
    }
  }

  /** Follows the kind until the API server does not know it any more; what was known of it is gone then. */
  private async follow(): Promise<void> {
    this.become('listing');
    const { signal } = this.stopping;
    const over = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => over.resolve(), { once: true });
    const watch = startWatch({
      ...this.options,
      onTrouble: trouble => (trouble.status === 404 ? over.resolve() : this.options.onTrouble(trouble)),
    });
    this.watch = watch;
    void watch.listed.then(() => this.watch === watch && this.become('followed'));
    await over.promise;
    this.provenAt = performance.now() - this.ageSeconds() * 1000;
    this.watch = undefined;
    await watch.stop();
    if (signal.aborted) return;
    this.become('looking');
    for (const object of watch.objects.values()) this.options.onChange({ type: 'removed', object });
  }

  private isAbsent(): void {
    this.provenAt = performance.now();
    this.become('not_installed');
  }

  private become(state: KindState): void {
    if (this.state === state || this.stopping.signal.aborted) return;
    this.state = state;
    this.options.onState(state);
  }
}
