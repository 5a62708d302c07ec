import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGoal } from './goal.ts';

function intent(goal: string) {
  const read = readGoal(goal);
  return 'intent' in read ? read.intent : read.misunderstood;
}

const wish = (...wishes: object[]) => expect.objectContaining({ wishes });
const below50 = { latencyMs: { max: 50, inclusive: false } };

describe('a goal', () => {
  it.each([
    ['scale to 5', { verb: 'scale', to: { replicas: 5 } }],
    ['Scale to 5 replicas.', { verb: 'scale', to: { replicas: 5 } }],
    ['please scale it up to 5 pods', { verb: 'scale', to: { replicas: 5, direction: 'up' } }],
    ['scale down to small', { verb: 'scale', to: { size: 'small', direction: 'down' } }],
    ['resize the runtime to size large', { verb: 'scale', to: { size: 'large' } }],
    ['reduce cost', { verb: 'reduce_cost' }],
    ['cut the costs', { verb: 'reduce_cost' }],
    ['save money', { verb: 'reduce_cost' }],
    ['make it cheaper', { verb: 'reduce_cost' }],
    ['restart unhealthy', { verb: 'restart_unhealthy' }],
    ['restart if unhealthy', { verb: 'restart_unhealthy' }],
    ['restart', { verb: 'restart' }],
    ['rolling restart', { verb: 'rollout_restart' }],
    ['start', { verb: 'start' }],
    ['STOP!', { verb: 'stop' }],
    ['take a snapshot', { verb: 'snapshot' }],
  ])('reads %j', (goal, expected) => {
    expect(intent(goal)).toEqual({ wishes: [expected], limits: {} });
  });

  it('reads a limit on its own as a thing to reach', () => {
    expect(intent('keep latency under 50ms')).toMatchObject({
      wishes: [{ verb: 'keep_limits' }],
      limits: below50,
    });
    expect(intent('keep latency at most 0.05 s')).toMatchObject({
      limits: { latencyMs: { max: 50, inclusive: true } },
    });
    expect(intent('be highly available')).toMatchObject({
      wishes: [{ verb: 'keep_limits' }],
      limits: { availability: 'high' },
    });
    expect(intent('keep cost under 900 per month')).toMatchObject({
      wishes: [{ verb: 'keep_limits' }],
      limits: { costPerMonth: { max: 900, inclusive: false } },
    });
  });

  it('reads a limit beside what decides the size as a limit only', () => {
    const wanted = { wishes: [{ verb: 'reduce_cost' }], limits: below50 };
    expect(intent('reduce cost while keeping latency < 50ms')).toMatchObject(wanted);
    expect(intent('reduce cost and keep latency under 50 milliseconds')).toMatchObject(wanted);
    expect(intent('keep latency under 50ms, reduce cost')).toMatchObject(wanted);
  });

  it('holds to the stricter of two limits', () => {
    expect(intent('keep latency under 80ms and latency under 50ms')).toMatchObject({ limits: below50 });
  });

  it('keeps the order of what was said, also where it was said the other way round', () => {
    const both = wish({ verb: 'snapshot', prepares: true }, { verb: 'scale', to: { replicas: 5 } });
    expect(intent('snapshot before scaling to 5')).toEqual(both);
    expect(intent('scale to 5 after taking a snapshot')).toEqual(both);
    expect(intent('snapshot, then stop')).toEqual(wish({ verb: 'snapshot' }, { verb: 'stop' }));
  });

  it('knows a time of day when it sees one', () => {
    expect(intent('make it cheaper at night')).toMatchObject({ schedule: 'at night' });
    expect(intent('stop between 20:00 and 6:30')).toMatchObject({
      wishes: [{ verb: 'stop' }],
      schedule: 'between 20:00 and 6:30',
    });
  });

  it.each([
    ['delete it', '"delete"'],
    ['do not stop', '"do", "not"'],
    ['scale to 5 and frobnicate', '"frobnicate"'],
    ['scale to -1', '"-"'],
    ['scale to 1e9', '"e9"'],
    ['scale to ５', '"５"'],
    ['stop unless busy', '"unless", "busy"'],
  ])('understands nothing of %j, and names %s', (goal, named) => {
    expect(readGoal(goal)).toEqual({
      misunderstood: [expect.stringContaining(`not in the grammar: ${named}`)],
    });
  });

  it.each([
    'scale to',
    'scale to 5.5',
    'scale up',
    'keep latency under 50',
    'cost under 5',
    'stop while restart',
    'before',
  ])('says of %j that its words do not go together', goal => {
    expect(readGoal(goal)).toEqual({ misunderstood: [expect.stringContaining('known, but not together')] });
  });

  it('says when there is no goal in it, or too much', () => {
    expect(readGoal(' ')).toEqual({ misunderstood: ['the goal says nothing to be done'] });
    expect(readGoal('stop '.repeat(1000))).toEqual({
      misunderstood: [expect.stringContaining('at most 1000')],
    });
    expect(readGoal(Array(11).fill('restart').join(' and '))).toEqual({
      misunderstood: [expect.stringContaining('11 things')],
    });
  });

  it('is understood wholly or not at all: one strange word anywhere and nothing is', () => {
    const known = fc.constantFrom('scale to 5', 'stop', 'reduce cost', 'restart', 'take a snapshot', 'start');
    const strange = fc.stringMatching(/^q[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(known, { minLength: 1, maxLength: 3 }), strange, fc.nat(), (goals, word, seed) => {
        const words = goals.join(' and ').split(' ');
        words.splice(seed % (words.length + 1), 0, word);
        expect(readGoal(words.join(' '))).toHaveProperty('misunderstood');
      }),
    );
  });
});
