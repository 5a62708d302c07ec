import type { Verb } from '../change.ts';
import type { HealthStatus, RuntimeStatus } from '../health.ts';
import type { Leaves, Outcome, Stage } from '../operation.ts';
import type { RuntimeState } from '../runtime.ts';

/** What the workflow last did to a runtime; with the observed health it makes the runtime's state. */
export type Phase =
  | 'installing'
  | 'deployed'
  | 'upgrading'
  | 'needs_attention'
  | 'not_installed'
  | 'install_failed'
  | 'deleting'
  | 'deleted';

/** What was seen of a runtime, and how long ago the observer last heard from the cluster; nothing seen is unknown. */
export interface Observation {
  readonly status: HealthStatus | null;
  readonly ageSeconds: number | null;
  readonly maxAgeSeconds: number;
}

/** The health that still counts: what was seen before the observer went blind is unknown, never "ok". */
export function currentHealth({ status, ageSeconds, maxAgeSeconds }: Observation): HealthStatus {
  const blind = ageSeconds === null || ageSeconds > maxAgeSeconds;
  return blind || status === null ? 'unknown' : status;
}

/** The contract's state of a runtime in this phase with this health. */
export function runtimeState(phase: Phase, health: HealthStatus): RuntimeState {
  return STATES[phase][health];
}

/** Every pair of phase and health that gives the state; the inverse of `runtimeState`. */
export function waysToBe(state: RuntimeState): readonly { phase: Phase; health: HealthStatus }[] {
  return PHASES.flatMap(phase =>
    HEALTHS.filter(health => STATES[phase][health] === state).map(health => ({ phase, health })),
  );
}

/** The contract's word for a health. */
export function contractHealth(health: HealthStatus): RuntimeStatus['health'] {
  return CONTRACT_HEALTH[health];
}

/** The phase a runtime of each phase is in after its operation entered the stage. */
export function phasesAfterStage(stage: Stage): Readonly<Record<Phase, Phase>> {
  if (stage === 'needs_attention') return always('needs_attention');
  if (stage !== 'applying') return UNCHANGED;
  return {
    ...always('upgrading'),
    installing: 'installing',
    not_installed: 'installing',
    install_failed: 'installing',
  };
}

/** The phase a runtime of each phase is in while a change of this verb is in the stage. */
export function phasesAfterChangeStage(verb: Verb, stage: Stage): Readonly<Record<Phase, Phase>> {
  if (stage === 'needs_attention') return always('needs_attention');
  if (stage !== 'applying' || QUIET.has(verb)) return UNCHANGED;
  if (verb === 'delete') return always('deleting');
  return always(verb === 'create' ? 'installing' : 'upgrading');
}

/** The phase a runtime of each phase is in after a step came true, or, as `undone`, was taken back. */
export function phasesAfterStep(verb: string, removed: boolean): Readonly<Record<Phase, Phase>> {
  if (removed) return always('install_failed');
  if (verb === 'delete') return always('deleted');
  return QUIET.has(verb) ? UNCHANGED : always('deployed');
}

/** The phase a runtime of each phase is in after a change ended; what its steps did they have said themselves. */
export function phasesAfterChange(
  outcome: Outcome,
  leaves: Leaves | undefined,
): Readonly<Record<Phase, Phase>> {
  const empty = GAVE_UP.includes(outcome) ? 'install_failed' : 'not_installed';
  if (leaves === 'nothing') return always(empty);
  // What was begun and left by a person's word is what the observer sees; what was never begun is not there.
  const unchanged = { ...UNCHANGED, upgrading: 'deployed', needs_attention: 'deployed' } as const;
  return leaves === undefined && outcome !== 'succeeded' ? { ...unchanged, installing: empty } : unchanged;
}

/** They leave what runs as it is. */
const QUIET: ReadonlySet<string> = new Set<Verb>(['snapshot', 'attach_observer', 'detach_observer']);

/** The phase a runtime of each phase is in after its operation ended and left this in the cluster. */
export function phasesAfterOutcome(outcome: Outcome, leaves: Leaves): Readonly<Record<Phase, Phase>> {
  const empty = GAVE_UP.includes(outcome) ? 'install_failed' : 'not_installed';
  if (leaves === 'nothing') return always(empty);
  if (leaves === 'new') return always('deployed');
  return { ...UNCHANGED, upgrading: 'deployed', needs_attention: 'deployed', installing: empty };
}

const GAVE_UP: readonly Outcome[] = ['failed', 'errored', 'rolled_back', 'abandoned'];

const STATES: Readonly<Record<Phase, Readonly<Record<HealthStatus, RuntimeState>>>> = {
  installing: everyHealth('creating'),
  deployed: observed('running'),
  upgrading: observed('running'),
  // Somebody has to decide, so it is not simply running whatever the pods say.
  needs_attention: observed('degraded'),
  not_installed: everyHealth('stopped'),
  install_failed: everyHealth('error'),
  deleting: everyHealth('deleting'),
  deleted: everyHealth('deleted'),
};

const CONTRACT_HEALTH: Readonly<Record<HealthStatus, RuntimeStatus['health']>> = {
  healthy: 'ok',
  degraded: 'warning',
  unhealthy: 'critical',
  // Nothing was asked to run and nothing does.
  stopped: 'ok',
  unknown: 'unknown',
};

const UNCHANGED: Readonly<Record<Phase, Phase>> = {
  installing: 'installing',
  deployed: 'deployed',
  upgrading: 'upgrading',
  needs_attention: 'needs_attention',
  not_installed: 'not_installed',
  install_failed: 'install_failed',
  deleting: 'deleting',
  deleted: 'deleted',
};

const PHASES: readonly Phase[] = [
  'installing',
  'deployed',
  'upgrading',
  'needs_attention',
  'not_installed',
  'install_failed',
  'deleting',
  'deleted',
];

const HEALTHS: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy', 'stopped', 'unknown'];

function always(phase: Phase): Record<Phase, Phase> {
  return {
    installing: phase,
    deployed: phase,
    upgrading: phase,
    needs_attention: phase,
    not_installed: phase,
    install_failed: phase,
    deleting: phase,
    deleted: phase,
  };
}

function observed(whenHealthy: RuntimeState): Record<HealthStatus, RuntimeState> {
  return {
    healthy: whenHealthy,
    degraded: 'degraded',
    unhealthy: 'error',
    stopped: 'stopped',
    unknown: 'degraded',
  };
}

function everyHealth(state: RuntimeState): Record<HealthStatus, RuntimeState> {
  return { healthy: state, degraded: state, unhealthy: state, stopped: state, unknown: state };
}
