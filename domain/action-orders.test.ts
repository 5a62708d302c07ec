import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Action, ActionType } from './action.ts';
import { orderOf } from './action-orders.ts';

const SCALING = {
  min_replicas: 1,
  max_replicas: 3,
  target_cpu_utilization: 70,
  target_memory_utilization: 80,
};
const issuesOf = (action: Action) => {
  try {
    orderOf(action);
    return [];
  } catch (error) {
    if (error instanceof z.ZodError) return error.issues.map(({ path }) => path.join('/'));
    throw error;
  }
};

describe('orderOf', () => {
  test.each<[Action, object]>([
    [{ type: 'start' }, { verb: 'start' }],
    [{ type: 'stop' }, { verb: 'stop', force: false }],
    [
      { type: 'stop', params: { force: true, timeout_seconds: 5 } },
      { verb: 'stop', force: true, timeoutSeconds: 5 },
    ],
    [
      { type: 'stop', params: { timeout_seconds: null } },
      { verb: 'stop', force: false },
    ],
    [
      { type: 'stop', params: { timeout_seconds: 0 } },
      { verb: 'stop', force: false, timeoutSeconds: 0 },
    ],
    [{ type: 'restart', params: { reason: 'stuck' } }, { verb: 'restart' }],
    [{ type: 'rollout_restart', params: null }, { verb: 'rollout_restart' }],
    [
      { type: 'scale', params: { resources: { replicas: 5 } } },
      { verb: 'scale', to: { size: undefined, resources: { replicas: 5 } } },
    ],
    [
      { type: 'scale', params: { size: 'large' } },
      { verb: 'scale', to: { size: 'large' } },
    ],
    [{ type: 'migrate' }, { verb: 'migrate' }],
    [
      { type: 'migrate', target: { node: 'n-2' } },
      { verb: 'migrate', targetNode: 'n-2' },
    ],
    [
      { type: 'migrate', params: { target_node: 'n-3' } },
      { verb: 'migrate', targetNode: 'n-3' },
    ],
    [
      { type: 'migrate', target: { node: 'n-2' }, params: { target_node: 'n-3' } },
      { verb: 'migrate', targetNode: 'n-2' },
    ],
    [
      { type: 'tune_policy', params: { auto_scaling: null } },
      { verb: 'tune_policy', to: { auto_scaling: null } },
    ],
    [
      { type: 'tune_policy', params: { auto_scaling: SCALING } },
      { verb: 'tune_policy', to: { auto_scaling: SCALING } },
    ],
    [{ type: 'attach_observer' }, { verb: 'attach_observer' }],
    [{ type: 'detach_observer', target: {} }, { verb: 'detach_observer' }],
  ])('of %j wishes for %j', (action, wish) => expect(orderOf(action)).toEqual({ action, wish }));

  test('makes a name for a snapshot without one, from its id', () => {
    const { wish } = orderOf({ type: 'snapshot', params: { description: 'before the upgrade' } });
    if (wish.verb !== 'snapshot') throw new Error(`expected a snapshot, got ${wish.verb}`);
    const { id, name, description } = wish.snapshot;
    expect(id).toMatch(/^snp_/);
    expect(name).toBe(`snapshot-${id.slice(-10)}`);
    expect(description).toBe('before the upgrade');
    expect(orderOf({ type: 'snapshot', params: { name: 'mine' } }).wish).toMatchObject({
      snapshot: { name: 'mine' },
    });
  });

  test.each<[Action, string]>([
    [{ type: 'stop', params: { timeout_seconds: -1 } }, 'params/timeout_seconds'],
    [{ type: 'scale', params: { size: 'huge' } }, 'params/size'],
    [{ type: 'scale', params: { resources: { replicas: 1_000_000_000 } } }, 'params/resources/replicas'],
    [{ type: 'snapshot', params: { name: 'Not A Name' } }, 'params/name'],
    [{ type: 'tune_policy' }, 'params/auto_scaling'],
    [{ type: 'start', params: { whatever: 1 } }, 'params'],
    [{ type: 'restart', target: { node: 'n-2' } }, 'target'],
    [{ type: 'migrate', target: { node: 2 } }, 'target/node'],
    [{ type: 'migrate', target: { node: 'Not A Node' } }, 'target/node'],
    [{ type: 'migrate', target: { node: '' } }, 'target/node'],
    [{ type: 'migrate', params: { target_node: 'Not A Node' } }, 'params/target_node'],
  ])('refuses %j and points at %s', (action, path) => expect(issuesOf(action)).toEqual([path]));

  test.each(ActionType.options.filter(type => type !== 'migrate'))('%s takes no target', type =>
    expect(issuesOf({ type, target: { node: 'n-2' } })).toContain('target'),
  );
});
