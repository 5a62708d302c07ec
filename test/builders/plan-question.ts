import type { PlannedRuntime, PlanQuestion } from '../../domain/planner.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';

/** An agent with four replicas of half a core and 512 MiB, all well. */
export function plannedRuntime(fields: Partial<PlannedRuntime> = {}): PlannedRuntime {
  return {
    id: 'rt_01h455vb4pex5vsknk084sn02q',
    type: 'agent_runtime',
    capabilities: ['start', 'stop', 'restart', 'rollout_restart', 'scale', 'snapshot'],
    spec: agentSpec(4),
    power: 'running',
    state: 'running',
    health: 'ok',
    ...fields,
  };
}

/** The spec of an agent with so many replicas. */
export function agentSpec(
  replicas: number,
  more: Partial<NonNullable<RuntimeSpec['agent']>> = {},
): RuntimeSpec {
  return {
    agent: {
      framework: { name: 'custom' },
      image: 'runtimeai.dev/sample-agent:1.0.0',
      resources: { cpu: '500m', memory: '512Mi' },
      replicas,
      env: [],
      egress: 'restricted',
      exposure: 'private',
      ...more,
    },
  };
}

/** A question about that agent; by default it uses a third of its capacity and answers in 30 ms. */
export function planQuestion(fields: Partial<PlanQuestion> = {}): PlanQuestion {
  return {
    runtime: plannedRuntime(),
    goal: 'reduce cost',
    signals: { cpu_cores: 0.6, memory_mib: 600, latency_ms: 30 },
    constraints: {},
    policyMode: 'safe_first',
    ...fields,
  };
}
