import type { Outcome } from '../../domain/operation.ts';
import type { ControlPlane } from '../workflows/control-plane.ts';
import type { Deploy } from '../workflows/deploy.ts';
import { CHANGES } from './change-scenarios.ts';
import { DEPLOYS } from './deploy-scenarios.ts';

/** One way a run can go, to be recorded and replayed for as long as such runs may still be under way. */
export interface Scenario {
  /** What the recorded run ended with; `open` when it is saved while it waits. */
  readonly ends: Outcome | 'open';
  play(plane: ControlPlane): Promise<Pick<Deploy, 'result' | 'handle'>>;
}

/** By the workflow they are about, and then by name. */
export const SCENARIOS: Readonly<Record<string, Readonly<Record<string, Scenario>>>> = {
  'deploy-runtime': DEPLOYS,
  'change-runtime': CHANGES,
};

/** By the name of the saved history, `<workflow>.<name>`. */
export const SCENARIOS_BY_HISTORY: Readonly<Record<string, Scenario>> = Object.fromEntries(
  Object.entries(SCENARIOS).flatMap(([workflow, scenarios]) =>
    Object.entries(scenarios).map(([name, scenario]) => [`${workflow}.${name}`, scenario]),
  ),
);
