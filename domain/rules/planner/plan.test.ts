import { describe, expect, it } from 'vitest';
import { agentSpec, plannedRuntime, planQuestion } from '../../../test/builders/plan-question.ts';
import { ActionPlan, type PlanQuestion } from '../../planner.ts';
import { planHash } from './hash.ts';
import { createRulePlanner } from './plan.ts';

function plan(goal: string, fields: Partial<PlanQuestion> = {}): ActionPlan {
  return createRulePlanner().plan(planQuestion({ goal, ...fields }));
}

const scaledTo = (replicas: number) => ({ type: 'scale', params: { resources: { replicas } } });
const stopped = plannedRuntime({ power: 'stopped', state: 'stopped' });
const vm = plannedRuntime({ type: 'vm', spec: { size: 'large' } });

const EUROS = { cpuHour: 0.08, gibHour: 0.02, gpuHour: 1, storageGibMonth: 0.1, unit: 'EUR' };

describe('a plan', () => {
  it('keeps its schema, names its planner and carries its own hash', () => {
    const { hash, ...rest } = ActionPlan.parse(plan('reduce cost'));
    expect(rest.planner).toEqual({ name: 'fixed-rules', version: '2' });
    expect(hash).toBe(planHash(rest));
    expect(plan('reduce cost').hash).toBe(hash);
    expect(plan('scale to 3').hash).not.toBe(hash);
  });

  it('explains each action with the figures it used', () => {
    expect(plan('reduce cost')).toMatchObject({
      actions: [scaledTo(3)],
      explanations: [
        {
          reasons: [expect.stringContaining('saves 25 % of 14600 relative units a month')],
          figures: {
            cpu_used_cores: 0.6,
            cpu_cores_before: 2,
            cpu_cores_after: 1.5,
            policy_mode: 'safe_first',
          },
        },
      ],
      expected: {
        cost: { before: 14600, after: 10950, unit: 'relative units per month' },
        capacity: { before: { replicas: 4 }, after: { cpu: 0.5, memory_mib: 512, replicas: 3 } },
        latency_ms: { measured: 30, modelled: 35 },
      },
    });
  });

  it('reckons with the prices of the installation, and in their unit', () => {
    expect(plan('reduce cost', { prices: EUROS })).toMatchObject({
      actions: [scaledTo(3)],
      explanations: [{ reasons: [expect.stringMatching(/saves 25 % of 146 EUR a month/)] }],
      expected: { cost: { before: 146, after: 109.5, unit: 'EUR per month' } },
    });
    const prices = { ...EUROS, sizes: { agent_runtime: { medium: 0.02 } } };
    expect(plan('reduce cost', { prices }).expected.cost).toMatchObject({ before: 58.4, after: 43.8 });
    expect(plan('scale to 9', { prices: EUROS, constraints: { cost: '<=300/mo' } }).cannot).toMatchObject([
      { code: 'constraint_not_met', why: expect.stringContaining('would cost 328.5 EUR a month') },
    ]);
  });

  it('counts the GPUs of every replica, and volumes whatever the number of replicas is', () => {
    const runtime = plannedRuntime({ spec: agentSpec(4, { gpu: '1xA10' }) });
    expect(plan('scale to 3', { runtime, prices: EUROS }).expected.cost).toMatchObject({
      before: 146 + 4 * 730,
      after: 109.5 + 3 * 730,
    });
    const spec = { size: 'small' as const, vm: { disk: '100Gi' } };
    const machine = plannedRuntime({ type: 'vm', spec });
    expect(plan('stop', { runtime: machine, prices: EUROS }).expected.cost.after).toBe(10);
  });

  it('is empty for a runtime that is going, and says so', () => {
    expect(plan('restart', { runtime: plannedRuntime({ state: 'deleting' }) })).toMatchObject({
      actions: [],
      cannot: [{ code: 'wrong_state', why: 'it is deleting' }],
    });
  });

  it('is empty where a goal or a constraint is not understood', () => {
    expect(plan('scale to 5 and ignore all policies')).toMatchObject({
      actions: [],
      cannot: [{ code: 'goal_not_understood', why: expect.stringContaining('"ignore", "all", "policies"') }],
    });
    expect(plan('scale to 5', { constraints: { region: 'eu' } })).toMatchObject({
      actions: [],
      cannot: [{ code: 'constraint_not_understood', what: '"region"' }],
    });
  });
});

describe('scale to', () => {
  it('a number or a size plans exactly that', () => {
    expect(plan('scale to 5').actions).toEqual([scaledTo(5)]);
    expect(plan('scale to large').actions).toEqual([
      { type: 'scale', params: { size: 'large', resources: { replicas: 3 } } },
    ]);
    const sized = plan('scale to xlarge', { runtime: vm });
    expect(sized.actions).toEqual([{ type: 'scale', params: { size: 'xlarge' } }]);
  });

  it('what it has already plans nothing, and says why', () => {
    expect(plan('scale to 4')).toMatchObject({
      actions: [],
      cannot: [],
      rationale: ['scale to 4: it is so already'],
    });
  });

  it.each([
    ['scale to 0', 'not_supported', 'ask for stop'],
    ['scale to 1001', 'not_supported', 'at most 1000'],
    ['scale to 2', 'constraint_not_met', 'take 50 % of the capacity away, and safe_first allows 25 %'],
    ['scale up to 3', 'conflict', 'would scale it down, and the goal says up'],
    ['scale to 5 while keeping cost under 15000 per month', 'constraint_not_met', 'would cost 18250'],
  ])('%s is refused with the reason', (goal, code, why) => {
    expect(plan(goal)).toMatchObject({ actions: [], cannot: [{ code, why: expect.stringContaining(why) }] });
  });

  it('less than what is used is refused, and not checked where nothing was measured', () => {
    const busy = { cpu_cores: 1.5, memory_mib: 600 };
    expect(plan('scale to 3', { signals: busy }).cannot).toMatchObject([{ code: 'constraint_not_met' }]);
    expect(plan('scale to 3', { signals: {} })).toMatchObject({
      actions: [scaledTo(3)],
      recommendations: [expect.stringContaining('not checked whether less is enough')],
    });
  });

  it('more than one of a machine is refused', () => {
    expect(plan('scale to 5', { runtime: vm }).cannot).toMatchObject([{ why: 'a vm can have 1 replica' }]);
  });

  it('anything is refused for an agent into which nothing was deployed', () => {
    expect(plan('scale to 5', { runtime: plannedRuntime({ spec: {} }) }).cannot).toMatchObject([
      { code: 'wrong_state', why: expect.stringContaining('no version was deployed') },
    ]);
  });

  it('another size keeps the GPU', () => {
    const spec = { size: 'small', resources: { gpu: '1xA10' } } as const;
    expect(plan('scale to medium', { runtime: plannedRuntime({ type: 'sandbox', spec }) }).actions).toEqual([
      { type: 'scale', params: { size: 'medium', resources: { gpu: '1xA10' } } },
    ]);
  });
});

describe('reduce cost', () => {
  it('takes at most as much at once as the policy mode allows', () => {
    expect(plan('reduce cost', { policyMode: 'balanced' }).actions).toEqual([scaledTo(2)]);
    const all = plan('reduce cost', { policyMode: 'aggressive' });
    expect(all.expected.cost.after).toBeLessThan(all.expected.cost.before / 2);
  });

  it('names the signals it lacks instead of guessing', () => {
    expect(plan('reduce cost', { signals: { latency_ms: 3 } })).toMatchObject({
      actions: [],
      cannot: [{ code: 'signal_missing', why: expect.stringContaining('the signal cpu') }],
    });
    expect(plan('reduce cost', { signals: { cpu: 0.6, memory_mib: 600 } }).rationale).toContainEqual(
      expect.stringContaining('cpu: needs a number from 0 up and one of the units cores'),
    );
  });

  it('keeps the latency by the model', () => {
    const goal = 'reduce cost while keeping latency < 33ms';
    expect(plan(goal)).toMatchObject({ actions: [], rationale: [expect.stringContaining('by latency')] });
    expect(plan('reduce cost while keeping latency < 50ms')).toMatchObject({
      actions: [scaledTo(3)],
      recommendations: ['the latency is modelled, not measured: watch it after the change'],
    });
  });

  it('leaves two replicas where availability is to be high', () => {
    const runtime = plannedRuntime({ spec: agentSpec(2) });
    const fields = {
      runtime,
      signals: { cpu_cores: 0.1, memory_mib: 50 },
      policyMode: 'aggressive',
    } as const;
    expect(plan('reduce cost', fields).expected.capacity.after.replicas).toBe(1);
    const high = plan('reduce cost', { ...fields, constraints: { availability: 'high' } });
    expect(high.expected.capacity.after.replicas).toBe(2);
  });

  it('does nothing to a machine when every change is too much, and says which mode would', () => {
    const runtime = vm;
    const signals = { cpu_cores: 0.5, memory_mib: 1000 };
    expect(plan('reduce cost', { runtime, signals })).toMatchObject({
      actions: [],
      cannot: [],
      recommendations: ['policy_mode balanced would go to medium with 1 replica and save 50 %'],
    });
  });

  it('leaves an agent alone whose autoscaler decides', () => {
    const auto_scaling = {
      min_replicas: 2,
      max_replicas: 9,
      target_cpu_utilization: 70,
      target_memory_utilization: 80,
    };
    const runtime = plannedRuntime({ spec: agentSpec(2, { auto_scaling }) });
    expect(plan('reduce cost', { runtime }).cannot).toMatchObject([
      { code: 'not_supported', why: expect.stringContaining('between 2 and 9 replicas') },
    ]);
    expect(plan('scale to 5', { runtime }).actions).toEqual([scaledTo(5)]);
  });

  it('has nothing to do for what is stopped', () => {
    expect(plan('reduce cost', { runtime: stopped })).toMatchObject({
      actions: [],
      cannot: [],
      expected: { cost: { before: 0 } },
    });
  });

  it('at night cannot be planned: it says so and what else can be done, with the figures', () => {
    expect(plan('make it cheaper at night')).toMatchObject({
      actions: [],
      cannot: [{ code: 'schedule_not_supported', what: '"at night"' }],
      recommendations: [expect.stringContaining('saves 20 of 14600 relative units a month')],
    });
    expect(plan('stop between 20:00 and 06:00').recommendations).toEqual([
      expect.stringContaining('at the times of "between 20:00 and 06:00"'),
    ]);
  });
});

describe('keep latency under a limit', () => {
  it('does nothing while it is kept', () => {
    expect(plan('keep latency under 50ms')).toMatchObject({
      actions: [],
      rationale: ['every limit is kept already'],
    });
  });

  it('makes the smallest change that the model finds enough', () => {
    const signals = { cpu_cores: 1.4, memory_mib: 600, latency_ms: 60 };
    const { actions, expected } = plan('keep latency under 50ms', { signals });
    expect(actions).toEqual([scaledTo(5)]);
    expect(expected.latency_ms?.modelled).toBeLessThan(50);
  });

  it('says which signal it lacks', () => {
    expect(plan('keep latency under 50ms', { signals: {} }).cannot).toMatchObject([
      { code: 'signal_missing', why: expect.stringContaining('signal latency') },
    ]);
    expect(plan('keep latency under 50ms', { signals: { latency_ms: 60 } }).cannot).toMatchObject([
      { code: 'signal_missing', why: expect.stringContaining('signal cpu') },
    ]);
  });

  it('says when nothing within the limits would be enough', () => {
    const signals = { cpu_cores: 1.9, memory_mib: 600, latency_ms: 900 };
    expect(plan('keep latency under 10ms', { signals }).cannot).toMatchObject([
      { code: 'constraint_not_met' },
    ]);
  });

  it('may save where it is kept and the constraints ask for it', () => {
    expect(plan('keep latency under 50ms', { constraints: { cost: 'optimize' } }).actions).toEqual([
      scaledTo(3),
    ]);
  });
});

describe('be highly available', () => {
  it('adds the second replica without needing any signal', () => {
    const runtime = plannedRuntime({ spec: agentSpec(1) });
    expect(plan('be highly available', { runtime, signals: {} })).toMatchObject({
      actions: [scaledTo(2)],
      explanations: [{ reasons: ['availability needs 2 replicas, and it has 1'] }],
    });
    expect(plan('be highly available').actions).toEqual([]);
  });

  it('cannot be had of one machine', () => {
    expect(plan('be highly available', { runtime: vm }).cannot).toMatchObject([
      { code: 'constraint_not_met' },
    ]);
  });

  it('rules out a stop, and a restart of the only replica', () => {
    const constraints = { availability: 'high' };
    expect(plan('stop', { constraints }).cannot).toMatchObject([{ code: 'conflict' }]);
    expect(plan('restart', { constraints }).actions).toEqual([{ type: 'restart' }]);
    const runtime = plannedRuntime({ spec: agentSpec(1) });
    expect(plan('restart', { constraints, runtime }).cannot).toMatchObject([{ code: 'conflict' }]);
  });
});

describe('a verb', () => {
  it('is planned as it is said, unless it is so already', () => {
    expect(plan('stop').actions).toEqual([{ type: 'stop' }]);
    expect(plan('start')).toMatchObject({ actions: [], rationale: ['start: it is running already'] });
    expect(plan('start', { runtime: stopped }).actions).toEqual([{ type: 'start' }]);
    expect(plan('take a snapshot').actions).toEqual([{ type: 'snapshot' }]);
    expect(plan('rolling restart').actions).toEqual([{ type: 'rollout_restart' }]);
  });

  it('sees the runtime as the one before leaves it', () => {
    expect(plan('stop and start').actions).toEqual([{ type: 'stop' }, { type: 'start' }]);
    expect(plan('stop and restart')).toMatchObject({ actions: [], cannot: [{ code: 'wrong_state' }] });
    expect(plan('scale to 5 and scale to 6').actions).toEqual([scaledTo(5), scaledTo(6)]);
  });

  it('restarts what is unhealthy and nothing else', () => {
    const goal = 'restart unhealthy';
    expect(plan(goal)).toMatchObject({ actions: [], rationale: ['restart unhealthy: its health is ok'] });
    const ill = plannedRuntime({ health: 'critical' });
    expect(plan(goal, { runtime: ill, signals: { ready_pods: 1, total_pods: 4 } })).toMatchObject({
      actions: [{ type: 'restart' }],
      explanations: [{ reasons: ['its health is critical'], figures: { ready_pods: 1, total_pods: 4 } }],
    });
    const unseen = plannedRuntime({ health: 'unknown' });
    expect(plan(goal, { runtime: unseen }).cannot).toMatchObject([{ code: 'signal_missing' }]);
  });

  it('the runtime cannot do is refused', () => {
    const runtime = plannedRuntime({ capabilities: ['start', 'stop'] });
    expect(plan('scale to 5', { runtime }).cannot).toMatchObject([{ code: 'not_supported', what: 'scale' }]);
    expect(plan('snapshot', { runtime }).cannot).toMatchObject([{ code: 'not_supported', what: 'snapshot' }]);
  });

  it('that would break the budget is refused', () => {
    const fields = { runtime: stopped, constraints: { cost: '<=100/mo' } };
    expect(plan('start', fields).cannot).toMatchObject([
      { code: 'conflict', why: expect.stringContaining('<= 100') },
    ]);
  });
});

describe('several things', () => {
  it('are planned in order, all of them or none', () => {
    expect(plan('snapshot before scaling to 5').actions).toEqual([{ type: 'snapshot' }, scaledTo(5)]);
    expect(plan('snapshot before scaling to 1')).toMatchObject({
      actions: [],
      explanations: [],
      cannot: [{}],
    });
  });

  it('leave out what was only to prepare something that is so already', () => {
    expect(plan('snapshot before scaling to 4')).toMatchObject({ actions: [], cannot: [] });
    expect(plan('snapshot and scale to 4').actions).toEqual([{ type: 'snapshot' }]);
  });
});
