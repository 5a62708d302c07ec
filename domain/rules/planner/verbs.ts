import type { ActionType } from '../../action.ts';
import type { Power } from '../../change.ts';
import { round } from './feasible.ts';
import { AVAILABILITY, boundText, keeps, minReplicas } from './limits.ts';
import { alreadySo, type Planned, refusal, type Situation } from './situation.ts';

/** Plans a verb that leaves the resources as they are. */
export function planVerb(
  verb: 'start' | 'stop' | 'restart' | 'rollout_restart' | 'restart_unhealthy' | 'snapshot',
  situation: Situation,
): Planned {
  switch (verb) {
    case 'start':
      return planPower('running', situation);
    case 'stop':
      return planPower('stopped', situation);
    case 'snapshot':
      return act('snapshot', situation, ['a snapshot was asked for']);
    case 'restart':
    case 'rollout_restart':
      return planRestart(verb, situation, ['a restart was asked for']);
    case 'restart_unhealthy':
      return planRestartOfUnhealthy(situation);
  }
}

function planPower(wanted: Power, situation: Situation): Planned {
  const verb = wanted === 'running' ? 'start' : 'stop';
  if (situation.power === wanted) return alreadySo(`${verb}: it is ${wanted} already`);
  const broken = verb === 'stop' ? brokenByStop(situation) : brokenByStart(situation);
  if (broken) return refusal('conflict', verb, broken);
  return act(verb, situation, [`it is ${situation.power} and shall be ${wanted}`], wanted);
}

function brokenByStop({ limits }: Situation): string | undefined {
  if (limits.latencyMs) return 'a latency limit means that it runs; leave one of the two out';
  if (AVAILABILITY[limits.availability ?? 'normal'].mayStop) return undefined;
  return 'availability high rules out a stop; leave one of the two out';
}

function brokenByStart({ limits: { costPerMonth }, now, tariff }: Situation): string | undefined {
  const cost = tariff.perMonth(now);
  if (keeps(costPerMonth, cost) || costPerMonth === undefined) return undefined;
  return `running, it costs ${round(cost)} ${tariff.unit} a month, and the limit is ${boundText(costPerMonth)}`;
}

function planRestart(verb: 'restart' | 'rollout_restart', situation: Situation, reasons: string[]): Planned {
  if (situation.power === 'stopped')
    return refusal('wrong_state', verb, 'it is stopped; ask for start instead');
  const [replicas, least] = [situation.now.replicas, minReplicas(situation.limits)];
  if (replicas < least) {
    const why = `availability needs ${least} replicas while one restarts, and it has ${replicas}; ask for "be highly available" first`;
    return refusal('conflict', verb, why);
  }
  return act(verb, situation, reasons);
}

function planRestartOfUnhealthy(situation: Situation): Planned {
  const { health } = situation.runtime;
  if (situation.power === 'stopped') return alreadySo('restart unhealthy: it is stopped');
  if (health === 'ok') return alreadySo('restart unhealthy: its health is ok');
  if (health === 'unknown') {
    const why =
      'its health is unknown, and nothing is restarted on a guess; ask for restart if you know better';
    return refusal('signal_missing', 'restart unhealthy', why);
  }
  return planRestart('restart', situation, [`its health is ${health}`]);
}

function act(
  type: ActionType & ('start' | 'stop' | 'restart' | 'rollout_restart' | 'snapshot'),
  situation: Situation,
  reasons: string[],
  power = situation.power,
): Planned {
  const { runtime, spec, now, figures } = situation;
  if (!runtime.capabilities.includes(type))
    return refusal(
      'not_supported',
      type,
      `this ${runtime.type} cannot ${type}; its capabilities say what it can`,
    );
  const seen = Object.entries({
    ready_pods: figures.readyPods,
    total_pods: figures.totalPods,
    restarts: figures.restarts,
  });
  const measured = Object.fromEntries(
    seen.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return {
    action: { type },
    explanation: { reasons, figures: { health: runtime.health, replicas: now.replicas, ...measured } },
    after: { spec, now, power },
  };
}
