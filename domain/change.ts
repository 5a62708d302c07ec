import type { Plan, ReleaseTarget } from './deployment.ts';
import type { RuntimeSpec, RuntimeType } from './runtime.ts';
import type { SlotQuota } from './tenant.ts';

/** Where a runtime lives and by which adapter it is driven. */
export interface RuntimeTarget extends ReleaseTarget {
  readonly type: RuntimeType;
  /** Name of the adapter, e.g. `sandbox`. */
  readonly backend: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type Power = 'running' | 'stopped';

/** What a runtime shall be. Stopping changes the power alone, so that starting brings back exactly what was. */
export interface Desired {
  readonly spec: RuntimeSpec;
  readonly power: Power;
}

/** Everything that can be done to a runtime; what the verb needs beside the desired state stands here. */
export type Change =
  | { readonly verb: 'create' | 'start' | 'restart' | 'scale' | 'tune_policy' | 'delete' }
  | { readonly verb: 'attach_observer' | 'detach_observer' }
  /** `timeoutSeconds`: grace before it is ended; `force`: no grace at all. */
  | { readonly verb: 'stop'; readonly force: boolean; readonly timeoutSeconds?: number }
  | { readonly verb: 'snapshot'; readonly snapshot: SnapshotName }
  | { readonly verb: 'restore'; readonly snapshot: SnapshotName & { readonly ref: SnapshotRef } }
  | { readonly verb: 'migrate'; readonly targetNode?: string };

export type Verb = Change['verb'];

export interface SnapshotName {
  /** `snp_…`. */
  readonly id: string;
  /** Unique within the runtime. */
  readonly name: string;
  readonly description?: string;
}

/** How the backend finds a snapshot again; opaque outside of its adapter. */
export type SnapshotRef = Readonly<Record<string, string>>;

/** One change of one runtime, with all that an adapter needs to plan it, carry it out and take it back. */
export interface Step {
  readonly target: RuntimeTarget;
  readonly operationId: string;
  /** Position in the operation's list, from 0: the mark of a step is the operation and this. */
  readonly index: number;
  readonly change: Change;
  /** What was before; nothing when the runtime is created by this step. */
  readonly before: Desired | null;
  readonly desired: Desired;
  /** Of a Helm release: the newest revision our records know of. */
  readonly knownRevision: number;
  readonly quota: SlotQuota;
}

/** What a step would change. `base` is the adapter's own note of what it found; it gets it back with every later call. */
export interface StepPlan {
  readonly summary: Plan['summary'];
  readonly changes: Plan['changes'];
  readonly base: Readonly<Record<string, unknown>>;
}

/** What a verb has set going; `observe` gets `awaiting` back, and `revision` is kept as the newest known one. */
export interface Begun {
  readonly awaiting: Readonly<Record<string, unknown>>;
  readonly revision?: number;
}

/** How far a step has come. `failed`: no waiting mends it. */
export interface Observation {
  readonly status: 'reached' | 'progressing' | 'failed';
  readonly message: string;
  /** What came of it, e.g. where a snapshot lies and what it contains. */
  readonly result?: StepResult;
}

export interface StepResult {
  /** Of a snapshot: how to find it again, and in words what is in it and what is not. */
  readonly snapshot?: { readonly ref: SnapshotRef; readonly contents: readonly string[] };
  readonly [fact: string]: unknown;
}
