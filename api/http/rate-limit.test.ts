import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { ProblemError } from './problem.ts';
import { RateLimits } from './rate-limit.ts';

/** A reply that keeps the headers it is given. */
function replyOf(): { headers: Record<string, unknown>; reply: FastifyReply } {
  const headers: Record<string, unknown> = {};
  const reply = { header: (name: string, value: unknown) => (headers[name] = value) };
  return { headers, reply: reply as unknown as FastifyReply };
}

function refusal(work: () => void): ProblemError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

test('says what is left and for how long, and refuses what is too much with the time to wait', () => {
  let now = 0;
  const limits = new RateLimits({ perMinute: 2, now: () => now });
  const { headers, reply } = replyOf();
  limits.countPrincipal('prn_ada', reply);
  expect(headers).toEqual({
    'ratelimit-policy': '"per-minute";q=2;w=60',
    ratelimit: '"per-minute";r=1;t=60',
  });
  limits.countPrincipal('prn_ada', reply);
  now = 15_500;
  const refused = refusal(() => limits.countPrincipal('prn_ada', reply));
  expect(refused).toMatchObject({ code: 'rate_limited', status: 429 });
  expect(refused?.extras.headers).toEqual({ 'retry-after': '45' });
  expect(headers['ratelimit']).toBe('"per-minute";r=0;t=45');
});

test('one caller takes nothing from another', () => {
  const limits = new RateLimits({ perMinute: 1 });
  const { reply } = replyOf();
  limits.countPrincipal('prn_ada', reply);
  expect(refusal(() => limits.countPrincipal('prn_ada', reply))).toBeDefined();
  expect(refusal(() => limits.countPrincipal('prn_grace', reply))).toBeUndefined();
  expect(refusal(() => limits.countStranger({ ip: '10.0.0.1' }, reply))).toBeUndefined();
});

test('the next minute begins anew', () => {
  let now = 0;
  const limits = new RateLimits({ perMinute: 1, now: () => now });
  const { headers, reply } = replyOf();
  limits.countPrincipal('prn_ada', reply);
  expect(refusal(() => limits.countPrincipal('prn_ada', reply))).toBeDefined();
  now = 60_000;
  expect(refusal(() => limits.countPrincipal('prn_ada', reply))).toBeUndefined();
  expect(headers['ratelimit']).toBe('"per-minute";r=0;t=60');
});

test.each([
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db8:0:0:9::', true],
  ['::1', '::2', true],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
])('strangers at %s and %s are one: %s', (one, other, same) => {
  const limits = new RateLimits({ perMinute: 1 });
  const { reply } = replyOf();
  limits.countStranger({ ip: one }, reply);
  expect(refusal(() => limits.countStranger({ ip: other }, reply)) !== undefined).toBe(same);
});
