import type { Footprint } from './policy.ts';
import type { RuntimeSpec, RuntimeType } from './runtime.ts';
import type { Environment } from './tenant.ts';

/** Runtimes of a tenant that hold the same, and how many of them there are. */
export interface Holding {
  readonly type: RuntimeType;
  readonly project: string;
  readonly environment: Environment;
  readonly footprint: Footprint | null;
  /** What an operation under way is about to make of it. */
  readonly asked: Footprint | null;
  /** Where no footprint was written yet. */
  readonly spec: RuntimeSpec | null;
  readonly count: number;
}
