import { SIZES } from '../sizes.ts';
import { type Candidate, REPLICAS } from './candidates.ts';
import { objectionToNamed } from './feasible.ts';
import type { Scale } from './goal.ts';
import { capacityOf, sameResources } from './resources.ts';
import { alreadySo, type Planned, refusal, type Situation, termsOf } from './situation.ts';
import { scaleTo } from './sizing.ts';

/** Plans exactly the size or number that was named, or says why not; never something near it. */
export function planScale(to: Scale, situation: Situation): Planned {
  const what = `scale to ${to.size ?? to.replicas}`;
  const impossible = impossibleNumber(to, situation);
  if (impossible) return refusal('not_supported', what, impossible);
  const wanted = wantedBy(to, situation);
  if (sameResources(wanted.resources, situation.now)) return alreadySo(`${what}: it is so already`);
  const opposite = otherWay(to, wanted, situation);
  if (opposite) return refusal('conflict', what, opposite);
  const objection = objectionToNamed(wanted.resources, termsOf(situation));
  if (objection === undefined) return scaleTo(wanted, situation, [`${what} was asked for`]);
  const code = objection.lacks ? 'signal_missing' : 'constraint_not_met';
  return refusal(code, what, objection.why);
}

function impossibleNumber({ replicas }: Scale, { runtime }: Situation): string | undefined {
  if (replicas === undefined) return undefined;
  if (replicas === 0) return 'a runtime with no replicas is a stopped one; ask for stop';
  const { most, choices } = REPLICAS[runtime.type];
  if (choices && !choices.includes(replicas))
    return `a ${runtime.type} can have ${choices.join(' or ')} ${most === 1 ? 'replica' : 'replicas'}`;
  return replicas > most ? `a ${runtime.type} can have at most ${most} replicas` : undefined;
}

function wantedBy({ size, replicas }: Scale, { runtime, now }: Situation): Candidate {
  if (size !== undefined) return { size, resources: SIZES[runtime.type][size] };
  return { resources: { ...now, replicas: replicas ?? now.replicas } };
}

function otherWay({ direction }: Scale, { resources }: Candidate, { now }: Situation): string | undefined {
  if (direction === undefined) return undefined;
  const [before, after] = [capacityOf(now).cpu, capacityOf(resources).cpu];
  const goes = after > before ? 'up' : 'down';
  return goes === direction || after === before
    ? undefined
    : `that would scale it ${goes}, and the goal says ${direction}; say which of the two is meant`;
}
