import { describe, expect, test } from 'vitest';
import { HealthStatus } from '../health.ts';
import { RuntimeState } from '../runtime.ts';
import {
  contractHealth,
  currentHealth,
  type Phase,
  phasesAfterChange,
  phasesAfterChangeStage,
  phasesAfterOutcome,
  phasesAfterStage,
  phasesAfterStep,
  runtimeState,
  waysToBe,
} from './runtime-state.ts';

const PHASES: Phase[] = [
  'installing',
  'deployed',
  'upgrading',
  'needs_attention',
  'not_installed',
  'install_failed',
  'deleting',
  'deleted',
];

describe('currentHealth', () => {
  const seen = { status: 'healthy', maxAgeSeconds: 15 } as const;

  test.each([
    [{ ...seen, ageSeconds: 1 }, 'healthy'],
    [{ ...seen, ageSeconds: 15 }, 'healthy'],
    [{ ...seen, ageSeconds: 15.1 }, 'unknown'],
    [{ ...seen, ageSeconds: null }, 'unknown'],
    [{ ...seen, status: null, ageSeconds: 1 }, 'unknown'],
  ])('of %j is %s', (observation, health) => expect(currentHealth(observation)).toBe(health));
});

describe('runtimeState', () => {
  test.each([
    ['deployed', 'healthy', 'running'],
    ['deployed', 'degraded', 'degraded'],
    ['deployed', 'unhealthy', 'error'],
    ['deployed', 'stopped', 'stopped'],
    ['deployed', 'unknown', 'degraded'],
    ['upgrading', 'healthy', 'running'],
    ['installing', 'healthy', 'creating'],
    ['needs_attention', 'healthy', 'degraded'],
    ['not_installed', 'unknown', 'stopped'],
    ['install_failed', 'unknown', 'error'],
    ['deleting', 'healthy', 'deleting'],
    ['deleted', 'unknown', 'deleted'],
  ] as const)('of %s and %s is %s', (phase, health, state) =>
    expect(runtimeState(phase, health)).toBe(state),
  );

  test('is never running unless the health is known and good', () => {
    for (const { health } of waysToBe('running')) expect(health).toBe('healthy');
  });

  test('can be turned round: every pair is found under exactly its own state', () => {
    for (const phase of PHASES) {
      for (const health of HealthStatus.options) {
        const states = RuntimeState.options.filter(state =>
          waysToBe(state).some(way => way.phase === phase && way.health === health),
        );
        expect(states).toEqual([runtimeState(phase, health)]);
      }
    }
  });
});

describe('phasesAfterStage', () => {
  test('applying upgrades what is there and installs what is not', () => {
    const after = phasesAfterStage('applying');
    expect(after.deployed).toBe('upgrading');
    expect(after.needs_attention).toBe('upgrading');
    expect(after.not_installed).toBe('installing');
    expect(after.install_failed).toBe('installing');
    expect(after.installing).toBe('installing');
  });

  test('needs_attention is entered from anywhere', () => {
    for (const phase of PHASES) expect(phasesAfterStage('needs_attention')[phase]).toBe('needs_attention');
  });

  test('stages that touch nothing change nothing', () => {
    for (const stage of ['awaiting_approval', 'preparing', 'verifying'] as const) {
      for (const phase of PHASES) expect(phasesAfterStage(stage)[phase]).toBe(phase);
    }
  });
});

describe('phasesAfterOutcome', () => {
  test.each([
    ['succeeded', 'new', 'installing', 'deployed'],
    ['failed', 'nothing', 'installing', 'install_failed'],
    ['cancelled', 'nothing', 'installing', 'not_installed'],
    ['rejected', 'nothing', 'installing', 'not_installed'],
    ['rolled_back', 'previous', 'upgrading', 'deployed'],
    ['rejected', 'previous', 'deployed', 'deployed'],
    ['rejected', 'previous', 'install_failed', 'install_failed'],
    ['rejected', 'previous', 'installing', 'not_installed'],
    ['abandoned', 'new', 'needs_attention', 'deployed'],
  ] as const)('%s that leaves %s turns %s into %s', (outcome, leaves, before, after) => {
    expect(phasesAfterOutcome(outcome, leaves)[before]).toBe(after);
  });
});

describe('contractHealth', () => {
  test.each([
    ['healthy', 'ok'],
    ['stopped', 'ok'],
    ['degraded', 'warning'],
    ['unhealthy', 'critical'],
    ['unknown', 'unknown'],
  ] as const)('of %s is %s', (health, word) => expect(contractHealth(health)).toBe(word));
});

describe('phasesAfterChangeStage', () => {
  test.each([
    ['create', 'applying', 'installing'],
    ['delete', 'applying', 'deleting'],
    ['scale', 'applying', 'upgrading'],
    ['stop', 'applying', 'upgrading'],
    ['snapshot', 'applying', 'deployed'],
    ['attach_observer', 'applying', 'deployed'],
    ['scale', 'verifying', 'deployed'],
    ['scale', 'rolling_back', 'deployed'],
    ['delete', 'preparing', 'deployed'],
    ['snapshot', 'needs_attention', 'needs_attention'],
  ] as const)('a %s that is %s turns what is deployed into %s', (verb, stage, after) =>
    expect(phasesAfterChangeStage(verb, stage).deployed).toBe(after),
  );
});

describe('phasesAfterStep', () => {
  test.each([
    ['create', false, 'installing', 'deployed'],
    ['scale', false, 'upgrading', 'deployed'],
    ['undone', false, 'needs_attention', 'deployed'],
    ['undone', true, 'installing', 'install_failed'],
    ['delete', false, 'deleting', 'deleted'],
    ['snapshot', false, 'deployed', 'deployed'],
    ['detach_observer', false, 'deployed', 'deployed'],
  ] as const)('%s (removed: %s) turns %s into %s', (verb, removed, before, after) =>
    expect(phasesAfterStep(verb, removed)[before]).toBe(after),
  );
});

describe('phasesAfterChange', () => {
  test.each([
    ['succeeded', undefined, 'deployed', 'deployed'],
    ['succeeded', undefined, 'deleted', 'deleted'],
    ['rolled_back', 'previous', 'upgrading', 'deployed'],
    ['abandoned', 'previous', 'needs_attention', 'deployed'],
    ['failed', 'nothing', 'install_failed', 'install_failed'],
    ['cancelled', 'nothing', 'install_failed', 'not_installed'],
    ['rejected', undefined, 'installing', 'not_installed'],
    ['expired', undefined, 'installing', 'not_installed'],
    ['errored', undefined, 'installing', 'install_failed'],
    ['rejected', undefined, 'deployed', 'deployed'],
    ['rejected', undefined, 'install_failed', 'install_failed'],
  ] as const)('%s that leaves %s turns %s into %s', (outcome, leaves, before, after) =>
    expect(phasesAfterChange(outcome, leaves)[before]).toBe(after),
  );

  test('never leaves a runtime in a phase that only a running operation has', () => {
    for (const outcome of ['rolled_back', 'failed', 'abandoned', 'cancelled'] as const) {
      const after = Object.values(phasesAfterChange(outcome, 'previous'));
      expect(after).not.toContain('upgrading');
      expect(after).not.toContain('needs_attention');
    }
  });
});
