import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Seen, verifyRegression } from './regression.ts';

function seen(status: Seen['status'], signals: Seen['signals'] = {}): Seen {
  return { status, signals };
}

const WELL = seen('healthy', { latency_ms: 40, restarts: 2, error_percent: 1 });

describe('after a plan was carried out, things', () => {
  it('are no worse when all is as it was, or better', () => {
    expect(verifyRegression(WELL, WELL)).toEqual({ verdict: 'no_worse', reasons: [] });
    expect(verifyRegression(seen('unhealthy'), seen('degraded')).verdict).toBe('no_worse');
    expect(verifyRegression(WELL, seen('stopped', WELL.signals)).verdict).toBe('no_worse');
  });

  it.each([
    ['health', seen('degraded', WELL.signals), 'its health was healthy and is degraded'],
    ['restarts', seen('healthy', { ...WELL.signals, restarts: 3 }), '2 times before and 3 times now'],
    ['latency', seen('healthy', { ...WELL.signals, latency_ms: 49 }), 'latency was 40 ms and is 49 ms'],
    ['errors', seen('healthy', { ...WELL.signals, error_percent: 2.5 }), '2.5 % now'],
  ])('are worse by %s, with the reason', (_, after, reason) => {
    expect(verifyRegression(WELL, after)).toEqual({
      verdict: 'worse',
      reasons: [expect.stringContaining(reason)],
    });
  });

  it('may be a little slower or fail a little more often', () => {
    const after = seen('healthy', { latency_ms: 48, restarts: 2, error_percent: 1.9 });
    expect(verifyRegression(WELL, after).verdict).toBe('no_worse');
  });

  it('are worse by crossing a limit, however small the step over it', () => {
    const limits = { latencyMs: { max: 41, inclusive: false } };
    expect(verifyRegression(WELL, seen('healthy', { ...WELL.signals, latency_ms: 41 }), limits).verdict).toBe(
      'worse',
    );
  });

  it('are inconclusive when what was seen before cannot be seen now', () => {
    expect(verifyRegression(WELL, seen('unknown', WELL.signals)).verdict).toBe('inconclusive');
    expect(verifyRegression(WELL, seen('healthy', { latency_ms: 40, restarts: 2 }))).toEqual({
      verdict: 'inconclusive',
      reasons: ['the signal error rate was there before and is not now'],
    });
    expect(verifyRegression(WELL, seen('stopped')).verdict).toBe('no_worse');
  });

  it('that were unknown before are held against the plan only when they are plainly down', () => {
    expect(verifyRegression(seen('unknown'), seen('degraded')).verdict).toBe('no_worse');
    expect(verifyRegression(seen('unknown'), seen('unhealthy')).verdict).toBe('worse');
  });

  it('are never worse than they themselves are, whatever is seen', () => {
    const status = fc.constantFrom('healthy', 'degraded', 'unhealthy', 'stopped', 'unknown');
    fc.assert(
      fc.property(status, fc.dictionary(fc.string(), fc.jsonValue()), (health, signals) => {
        const now = seen(health as Seen['status'], signals);
        expect(verifyRegression(now, now).verdict).not.toBe('worse');
      }),
    );
  });
});
