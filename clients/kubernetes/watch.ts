import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesConnection } from './connection.ts';
import { KubernetesError } from './errors.ts';
import { type KubernetesObject, nameOf } from './objects.ts';
import { type ListOptions, listPage } from './requests.ts';
import { watchRound } from './watch-round.ts';

export interface WatchOptions<T> extends ListOptions {
  readonly connection: KubernetesConnection;
  /** Ask for metadata only (`PartialObjectMetadata`), where that is enough. */
  readonly metadataOnly?: boolean;
  /** What is kept of each object; everything else is forgotten at once. */
  readonly project: (object: KubernetesObject) => T;
  /** Called for each object that came, changed or went, in the order of the API server. */
  readonly onChange: (change: WatchChange<T>) => void;
  /** Called whenever the watch has to begin again for any reason but the planned end of a round. */
  readonly onTrouble: (trouble: WatchTrouble) => void;
  /**
   * How long one watch request lasts. The API server sends a bookmark two seconds before its end and then ends it,
   * so a working watch is heard from at least this often, also when nothing happens.
   */
  readonly roundSeconds: number;
}

export interface WatchChange<T> {
  readonly type: 'put' | 'removed';
  readonly object: T;
}

export interface WatchTrouble {
  readonly reason: string;
  /** The API server's answer, when there was one: 404 says that it does not know the kind (any more). */
  readonly status: number | undefined;
  /** The whole list is read again, not only what came after the last version seen. */
  readonly relist: boolean;
  readonly retryInMs: number;
}

/** A list of all objects of a kind that follows the cluster until it is stopped. */
export interface Watch<T> {
  /** By uid. Stays as it was while the API server cannot be heard: ask `ageSeconds` before trusting it. */
  readonly objects: ReadonlyMap<string, T>;
  /** Resolves after the first complete list. */
  readonly listed: Promise<void>;
  /** How long ago it was last proven complete: a list, an event, a bookmark or the planned end of a round. */
  ageSeconds(): number;
  stop(): Promise<void>;
}

/** Begins to follow all objects of a kind; keeps on through cuts, silence, expired versions and malformed answers. */
export function startWatch<T>(options: WatchOptions<T>): Watch<T> {
  const follower = new Follower(options);
  const running = follower.run();
  return {
    objects: follower.values,
    listed: follower.listed,
    ageSeconds: () => (performance.now() - follower.heardAt) / 1000,
    stop: () => {
      follower.abort.abort();
      return running;
    },
  };
}

const METADATA_ONLY = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const FAILURES_BEFORE_RELIST = 3;

class Follower<T> {
  readonly values = new Map<string, T>();
  readonly abort = new AbortController();
  readonly listed: Promise<void>;
  heardAt = Number.NEGATIVE_INFINITY;
  private readonly options: WatchOptions<T>;
  private readonly versions = new Map<string, string>();
  private version: string | undefined;
  private failures = 0;
  private resolveListed: () => void = () => undefined;

  constructor(options: WatchOptions<T>) {
    this.options = options;
    this.listed = new Promise(resolve => {
      this.resolveListed = resolve;
    });
  }

  async run(): Promise<void> {
    while (!this.abort.signal.aborted) {
      try {
        await this.follow();
        this.failures = 0;
      } catch (error) {
        if (!this.abort.signal.aborted) await this.pauseAfter(error);
      }
    }
  }

  private async follow(): Promise<void> {
    const version = this.version ?? (await this.list());
    const { connection, roundSeconds, metadataOnly } = this.options;
    await watchRound({
      ...this.options,
      connection,
      version,
      roundSeconds,
      signal: this.abort.signal,
      ...(metadataOnly === true ? { accept: METADATA_ONLY.watch } : {}),
      onEvent: event => {
        this.heardAt = performance.now();
        this.failures = 0;
        this.version = event.version;
        if (event.type === 'put') this.put(event.object);
        if (event.type === 'removed') this.remove(event.object.metadata.uid ?? '');
      },
    });
    this.heardAt = performance.now();
  }

  /** Reads everything anew, page by page, and reports only what differs from what was known. */
  private async list(): Promise<string> {
    const begun = performance.now();
    const gone = new Set(this.values.keys());
    let version = '';
    let continueFrom: string | undefined;
    do {
      const page = await listPage(this.options.connection, {
        ...this.options,
        continueFrom,
        signal: this.abort.signal,
        ...(this.options.metadataOnly === true ? { accept: METADATA_ONLY.list } : {}),
      });
      for (const object of page.items) {
        gone.delete(object.metadata.uid ?? '');
        this.put(object);
      }
      version = page.resourceVersion;
      continueFrom = page.next;
    } while (continueFrom !== undefined);
    for (const uid of gone) this.remove(uid);
    this.version = version;
    this.heardAt = begun;
    this.resolveListed();
    return version;
  }

  private put(object: KubernetesObject): void {
    const { uid = '', resourceVersion = '' } = object.metadata;
    if (this.versions.get(uid) === resourceVersion) return;
    const value = this.options.project(object);
    this.versions.set(uid, resourceVersion);
    this.values.set(uid, value);
    this.options.onChange({ type: 'put', object: value });
  }

  private remove(uid: string): void {
    const value = this.values.get(uid);
    this.versions.delete(uid);
    this.values.delete(uid);
    if (value !== undefined) this.options.onChange({ type: 'removed', object: value });
  }

  private async pauseAfter(error: unknown): Promise<void> {
    this.failures += 1;
    if (isExpired(error) || isBlind(error) || this.failures >= FAILURES_BEFORE_RELIST)
      this.version = undefined;
    const retryInMs = pauseMs(this.failures, error);
    const reason = error instanceof Error ? error.message : String(error);
    this.options.onTrouble({
      reason: `Watching ${nameOf(this.options)}: ${reason}`,
      status: error instanceof KubernetesError ? error.status : undefined,
      relist: this.version === undefined,
      retryInMs,
    });
    await sleep(retryInMs, undefined, { signal: this.abort.signal }).catch(() => {
      // Stopped while pausing: the loop sees it.
    });
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 410;
}

/** Events may have been lost without a trace, so what came after the last version is not enough. */
function isBlind(error: unknown): boolean {
  return error instanceof KubernetesError && (error.reason === 'Silent' || error.reason === 'Malformed');
}

function pauseMs(failures: number, error: unknown): number {
  const asked = error instanceof KubernetesError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const doubled = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return Math.round(Math.max(Math.min(asked, 2 * LONGEST_PAUSE_MS), doubled * (0.5 + Math.random() / 2)));
}
