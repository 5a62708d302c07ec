import { describe, expect, it } from 'vitest';
import { readConstraints } from './constraints.ts';

describe('the constraints', () => {
  it('are those of the contract’s own example', () => {
    const read = readConstraints({ latency: '<50ms', availability: 'high', cost: 'optimize' });
    expect(read).toEqual({
      limits: { latencyMs: { max: 50, inclusive: false }, availability: 'high', costPerMonth: undefined },
      preferCheaper: true,
      misunderstood: [],
    });
  });

  it.each([
    [{ latency: '<= 0.2s' }, { latencyMs: { max: 200, inclusive: true } }],
    [{ latency: '≤50ms' }, { latencyMs: { max: 50, inclusive: true } }],
    [{ latency: '50ms' }, { latencyMs: { max: 50, inclusive: true } }],
    [{ cost: '<=100/mo' }, { costPerMonth: { max: 100, inclusive: true } }],
    [{ cost: '<99.5 per month' }, { costPerMonth: { max: 99.5, inclusive: false } }],
    [{ availability: 'normal', latency: null }, { availability: 'normal' }],
  ])('%j are read', (constraints, limits) => {
    expect(readConstraints(constraints)).toMatchObject({ limits, preferCheaper: false, misunderstood: [] });
  });

  it.each([
    [{ latency: '<50' }, 'latency'],
    [{ latency: 50 }, 'latency'],
    [{ latency: '>50ms' }, 'latency'],
    [{ availability: '99.9%' }, 'availability'],
    [{ cost: '<=100' }, 'cost'],
    [{ cost: { max: 100 } }, 'cost'],
    [{ colour: 'blue' }, '"colour"'],
    [JSON.parse('{"__proto__": "x"}'), '"__proto__"'],
  ])('%j are refused by name, never ignored', (constraints, what) => {
    expect(readConstraints(constraints).misunderstood).toMatchObject([{ what }]);
  });
});
