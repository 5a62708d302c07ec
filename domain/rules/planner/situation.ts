import type { Action } from '../../action.ts';
import type { Power } from '../../change.ts';
import type { Cannot, Explanation, PlannedRuntime, PolicyMode } from '../../planner.ts';
import type { RuntimeSpec } from '../../runtime.ts';
import type { Tariff } from '../prices.ts';
import type { Resources } from '../sizes.ts';
import type { Terms } from './feasible.ts';
import type { Limits } from './limits.ts';
import type { Figures } from './signals.ts';

/** How the runtime is when a wish is planned: as it was found, then as the actions before would leave it. */
export interface Situation {
  readonly runtime: PlannedRuntime;
  readonly spec: RuntimeSpec;
  readonly power: Power;
  readonly now: Resources;
  readonly figures: Figures;
  readonly limits: Limits;
  readonly mode: PolicyMode;
  readonly tariff: Tariff;
  readonly preferCheaper: boolean;
}

/** What came of one wish: an action and what it leads to, nothing to do, or why it cannot be planned. */
export interface Planned {
  readonly action?: Action;
  readonly explanation?: Explanation;
  readonly after?: Pick<Situation, 'spec' | 'power' | 'now'>;
  readonly rationale?: readonly string[];
  readonly cannot?: readonly Cannot[];
  readonly recommendations?: readonly string[];
}

/** What a month costs of the runtime as it is in this situation. */
export function costOf({ now, power, tariff }: Pick<Situation, 'now' | 'power' | 'tariff'>): number {
  return tariff.perMonth(power === 'stopped' ? { ...now, replicas: 0 } : now);
}

/** A wish that is fulfilled already. */
export function alreadySo(why: string): Planned {
  return { rationale: [why] };
}

/** A wish that cannot be planned. */
export function refusal(code: Cannot['code'], what: string, why: string): Planned {
  return { cannot: [{ code, what, why }] };
}

/** The part of the situation that a change of the resources is held against. */
export function termsOf({ now, figures, limits, mode, tariff }: Situation): Terms {
  return { now, figures, limits, mode, tariff };
}
