import { setTimeout as delay } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import { AuditBroken } from '../audit/broken.ts';
import type { Announced } from '../db/announced.ts';
import { appendAudit } from '../db/audit.ts';
import { listAuditStreams, makeAuditPartitions } from '../db/audit-sealing.ts';
import type { Database } from '../db/database.ts';
import type { Log } from '../process/log.ts';
import { anchoredAnewInWords, SEALER, type Sealed, type SealingParts, sealRound } from './audit-round.ts';

export interface AuditSealerOptions extends Omit<SealingParts, 'database'> {
  readonly database: Database;
  readonly announced: Announced;
  readonly log: Log;
  readonly registry: Registry;
  /** How long records are gathered into one checkpoint. Default 1,000. */
  readonly gatherMs?: number;
  /** How often all tenants are looked at, announced or not. Default 10,000. */
  readonly sweepMs?: number;
}

/** Seals the audit of every tenant until it is stopped. */
export interface AuditSealer {
  stop(): Promise<void>;
}

/** Begins to seal; several processes may do so, each tenant is sealed by one at a time. */
export function startAuditSealer(options: AuditSealerOptions): AuditSealer {
  const stopping = new AbortController();
  const sealer = new Sealer(options, stopping.signal);
  const ended = sealer.run();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

const DAY_MS = 24 * 3600 * 1000;

class Sealer {
  readonly #options: AuditSealerOptions;
  readonly #signal: AbortSignal;
  readonly #metrics: ReturnType<typeof createMetrics>;
  /** Tenants that have, or may have, something to seal. */
  readonly #due = new Set<string>();
  readonly #oldest = new Map<string, Date>();
  readonly #sizes = new Map<string, number>();
  readonly #broken = new Set<string>();

  constructor(options: AuditSealerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#metrics = createMetrics(options.registry, { oldest: this.#oldest, sizes: this.#sizes });
  }

  async run(): Promise<void> {
    const { announced, gatherMs = 1_000, sweepMs = 10_000 } = this.#options;
    const hear = (tenant: string) => this.#due.add(tenant);
    // An event may have come with a record; that costs it no announcement of its own.
    const hearEvent = ({ tenant }: { tenant: string }) => this.#due.add(tenant);
    announced.on('audit', hear);
    announced.on('event', hearEvent);
    const next = { sweep: 0, partitions: 0 };
    while (!this.#signal.aborted) {
      const now = Date.now();
      if (now >= next.partitions && (await this.#tried('make partitions', () => this.#makePartitions())))
        next.partitions = now + DAY_MS;
      if (now >= next.sweep && (await this.#tried('list the tenants', () => this.#sweep())))
        next.sweep = now + sweepMs;
      for (const tenant of this.#takeDue())
        await this.#tried(`seal ${tenant}`, () => this.#seal(tenant), tenant);
      await delay(gatherMs, undefined, { signal: this.#signal }).catch(() => undefined);
    }
    announced.off('audit', hear);
    announced.off('event', hearEvent);
  }

  #takeDue(): readonly string[] {
    const due = [...this.#due];
    this.#due.clear();
    return due;
  }

  async #sweep(): Promise<void> {
    for (const tenant of await listAuditStreams(this.#options.database.global)) this.#due.add(tenant);
  }

  async #makePartitions(): Promise<void> {
    const made = await makeAuditPartitions(this.#options.database.global);
    if (made > 0)
      this.#options.log.info({ made }, `made ${made} partitions for the audit of the coming months`);
  }

  async #seal(tenant: string): Promise<void> {
    for (let more = true; more && !this.#signal.aborted; ) {
      const done = await sealRound(this.#options, tenant);
      if (done === undefined) return;
      more = done.more;
      this.#note(tenant, done);
    }
  }

  #note(tenant: string, { sealed, size, oldestUnsealed, anchoredAnew }: Sealed): void {
    const place = this.#options.anchor?.place;
    if (anchoredAnew !== undefined)
      this.#options.log.warn({ tenant }, anchoredAnewInWords({ tenant, place, size: anchoredAnew }));
    this.#sizes.set(tenant, size);
    this.#metrics.sealed.inc(sealed);
    if (this.#broken.delete(tenant)) {
      this.#metrics.broken.set({ tenant }, 0);
      this.#options.log.info({ tenant }, `the audit of ${tenant} is whole again; sealing goes on`);
    }
    if (oldestUnsealed === undefined) {
      this.#oldest.delete(tenant);
      return;
    }
    this.#oldest.set(tenant, oldestUnsealed);
    this.#due.add(tenant);
  }

  /** A failure concerns one tenant and one moment: the others go on, and the next sweep tries again. */
  async #tried(what: string, work: () => Promise<void>, tenant?: string): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof AuditBroken && tenant !== undefined) await this.#stopSealing(tenant, error);
      else this.#options.log.error({ err: error, tenant }, `audit: could not ${what}; trying again`);
      return false;
    }
  }

  /** Said once, and kept as a record of the tenant; what is written meanwhile waits unsealed. */
  async #stopSealing(tenant: string, error: AuditBroken): Promise<void> {
    this.#metrics.broken.set({ tenant }, 1);
    if (!this.#oldest.has(tenant)) this.#oldest.set(tenant, new Date());
    if (this.#broken.has(tenant)) return;
    this.#broken.add(tenant);
    this.#options.log.error({ err: error, tenant }, `the audit of ${tenant} is broken: ${error.message}`);
    await this.#tried('write a record of it', () =>
      appendAudit(this.#options.database.forTenant(tenant), {
        actor: SEALER,
        action: 'audit.broken',
        object: { kind: 'audit', id: tenant, name: null },
        outcome: 'failed',
        reason: error.message,
      }),
    );
  }
}

function createMetrics(
  registry: Registry,
  { oldest, sizes }: { oldest: ReadonlyMap<string, Date>; sizes: ReadonlyMap<string, number> },
) {
  const registers = [registry];
  new Gauge({
    name: 'runtimeai_audit_unsealed_seconds',
    help: 'Age of the oldest audit record that is not sealed yet, of all tenants',
    registers,
    collect() {
      const ages = [...oldest.values()].map(at => (Date.now() - at.getTime()) / 1000);
      this.set(Math.max(0, ...ages));
    },
  });
  new Gauge({
    name: 'runtimeai_audit_size',
    help: 'Sealed audit records, of all tenants',
    registers,
    collect() {
      this.set([...sizes.values()].reduce((sum, size) => sum + size, 0));
    },
  });
  const sealed = new Counter({
    name: 'runtimeai_audit_sealed_total',
    help: 'Audit records sealed by this process',
    registers,
  });
  const broken = new Gauge({
    name: 'runtimeai_audit_broken',
    help: '1 while the audit of a tenant is not what was sealed or anchored, and is sealed no more',
    labelNames: ['tenant'] as const,
    registers,
  });
  return { sealed, broken };
}
