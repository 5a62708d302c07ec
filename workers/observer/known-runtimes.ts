import type { WatchedRuntime } from '../../db/health.ts';
import type { Health } from '../../domain/health.ts';
import type { Signals } from './signals.ts';

/** A runtime of this installation, and what was last written of it. */
export interface KnownRuntime {
  readonly tenantId: string;
  /** Name of its adapter, which it keeps for life. */
  readonly backend: string;
  /** Whether any object of it was ever there: before that, nothing is missing. */
  wasSeen: boolean;
  /** Nothing may be written of it until the database says otherwise. */
  leftAlone: boolean;
  /** What is written in the database, by `wordsOf`; empty when it must be written again. */
  words: string;
  signals: Signals;
  signalsAt: number;
}

export interface KnownRuntimesOptions {
  /** Whose runtime this is, by its objects. */
  readonly tenantOf: (runtimeId: string) => string | undefined;
  readonly lookUp: (tenantId: string, ids: readonly string[]) => Promise<readonly WatchedRuntime[]>;
}

/** Objects of another installation in the same cluster are asked about once in a while, not at every change. */
const STRANGER_FOR_MS = 60_000;

/** Which runtimes the database knows of those that were seen, and which adapter judges each. */
export class KnownRuntimes {
  private readonly runtimes = new Map<string, KnownRuntime>();
  private readonly strangers = new Map<string, number>();
  private readonly options: KnownRuntimesOptions;

  constructor(options: KnownRuntimesOptions) {
    this.options = options;
  }

  get(runtimeId: string): KnownRuntime | undefined {
    return this.runtimes.get(runtimeId);
  }

  entries(): IterableIterator<[string, KnownRuntime]> {
    return this.runtimes.entries();
  }

  /** Notes one that was seen before this process began. */
  remember(tenantId: string, { runtimeId, backend }: WatchedRuntime): void {
    if (!this.runtimes.has(runtimeId))
      this.runtimes.set(runtimeId, { ...fresh(tenantId, backend), wasSeen: true });
  }

  /** Asks the database about those of the given runtimes that are not known. */
  async learn(ids: Iterable<string>): Promise<void> {
    const now = performance.now();
    const asked = [...ids].filter(id => !this.runtimes.has(id) && !((this.strangers.get(id) ?? 0) > now));
    const tenants = byTenant(asked, id => this.options.tenantOf(id));
    for (const id of asked) this.strangers.delete(id);
    for (const [tenantId, own] of tenants) {
      for (const { runtimeId, backend } of await this.options.lookUp(tenantId, own))
        this.runtimes.set(runtimeId, fresh(tenantId, backend));
      for (const id of own) if (!this.runtimes.has(id)) this.strangers.set(id, now + STRANGER_FOR_MS);
    }
  }

  /** What the database says now of these known runtimes; one that is missing there is forgotten. */
  async lookUp(ids: Iterable<string>): Promise<readonly WatchedRuntime[]> {
    const found: WatchedRuntime[] = [];
    for (const [tenantId, own] of byTenant(ids, id => this.runtimes.get(id)?.tenantId)) {
      const rows = await this.options.lookUp(tenantId, own);
      found.push(...rows);
      const there = new Set(rows.map(row => row.runtimeId));
      for (const id of own) if (!there.has(id)) this.forget(id);
    }
    return found;
  }

  /** Forgets a runtime that is deleted; what is still there of it is a stranger's for a while. */
  forget(runtimeId: string): void {
    this.runtimes.delete(runtimeId);
    if (this.options.tenantOf(runtimeId) !== undefined)
      this.strangers.set(runtimeId, performance.now() + STRANGER_FOR_MS);
  }
}

/** What the database keeps of a judgement, as one text to compare by. */
export function wordsOf({
  status,
  readyPods,
  totalPods,
  reason,
  phase,
}: Health & { readonly phase?: string | null }): string {
  return [status, readyPods, totalPods, reason, phase ?? ''].join('|');
}

function fresh(tenantId: string, backend: string): KnownRuntime {
  return { tenantId, backend, wasSeen: false, leftAlone: false, words: '', signals: {}, signalsAt: 0 };
}

function byTenant(
  ids: Iterable<string>,
  tenantOf: (id: string) => string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const tenants = new Map<string, string[]>();
  for (const id of ids) {
    const tenant = tenantOf(id);
    if (tenant === undefined) continue;
    const own = tenants.get(tenant);
    if (own) own.push(id);
    else tenants.set(tenant, [id]);
  }
  return tenants;
}
