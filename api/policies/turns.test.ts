import { describe, expect, it } from 'vitest';
import { ProblemError } from '../http/problem.ts';
import { compileConditions, inTurns } from './turns.ts';

/** Works for a while without letting anything else happen. */
function workFor(milliseconds: number): number {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
  return until;
}

describe('a request with much to do', () => {
  it('lets others have their turn between its parts, and keeps their order', async () => {
    let others = 0;
    const counting = setInterval(() => {
      others += 1;
    }, 1);
    const parts = Array.from({ length: 12 }, (_, n) => n);
    const done = await inTurns(parts, n => {
      workFor(6);
      return n * 2;
    });
    clearInterval(counting);
    expect(done).toEqual(parts.map(n => n * 2));
    expect(others).toBeGreaterThan(2);
  });

  it('is refused, where its conditions are more text than is kept at once', async () => {
    const rules = Array.from({ length: 200 }, () => ({ when: `"${'x'.repeat(1500)}" == action` }));
    const refused = compileConditions(rules, 'rules');
    await expect(refused).rejects.toBeInstanceOf(ProblemError);
    await expect(refused).rejects.toMatchObject({ code: 'unprocessable_request' });
  });

  it('may have rules without a condition', async () => {
    await expect(compileConditions([{}, { when: 'true' }], 'rules')).resolves.toBeUndefined();
  });
});
