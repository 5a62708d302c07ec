import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { questionFor } from '../../test/builders/policies.ts';
import { MOST_ENTRIES, MOST_TEXT } from './cost.ts';
import { evaluate, programOf } from './evaluate.ts';
import { wordsOf } from './words.ts';

/** As large as a question may be, and hostile in every text. */
const LARGEST = wordsOf(
  questionFor({
    requester: { groups: Array.from({ length: MOST_ENTRIES }, () => `${'a'.repeat(60)}!`) },
    runtime: {
      name: `${'a'.repeat(MOST_TEXT - 1)}!`,
      labels: Object.fromEntries(
        Array.from({ length: MOST_ENTRIES }, (_, n) => [`label-${n}`, 'a'.repeat(50)]),
      ),
    },
  }),
);

/** Far above what it takes, far below what an attack wants; the machine of a test is slow and shared. */
const AT_MOST_MS = 1000;

test('the largest question can be asked about', () => {
  expect(evaluate('true', LARGEST)).toEqual({ holds: true });
});

const LISTS = Array(10).fill('requester.groups').join(',');

function sumOf(part: string, times: number): string {
  return Array(times).fill(part).join('+');
}

function timed<T>(run: () => T): { result: T; ms: number } {
  const started = performance.now();
  const result = run();
  return { result, ms: performance.now() - started };
}

describe('an attack by a condition', () => {
  test.each([
    ['brackets in one another', `${'('.repeat(900)}true${')'.repeat(900)}`, 'brackets in one another'],
    ['lists in one another', `${'['.repeat(900)}${']'.repeat(900)} == []`, 'brackets in one another'],
    ['calls without an end', 'size('.repeat(390), 'brackets in one another'],
    ['a long sum', `${Array(400).fill('1').join('+')} == 1`, 'nested more than 40 deep'],
    ['a long chain', `runtime${'.x'.repeat(900)} == 1`, 'nested more than 40 deep'],
    ['a huge list', `[${Array(700).fill('1').join(',')}].exists(x, x == 2)`, 'more than 300 parts'],
    ['a text of any length', `"${'x'.repeat(2000)}" == ""`, '2000 are allowed'],
    ['three loops', '[1].exists(a, [1].exists(b, [1].exists(c, true)))', 'more than 2 of exists'],
    [
      'loops over the input in one another',
      'requester.groups.exists(a, requester.groups.exists(b, a == b))',
      'steps on a large question',
    ],
    [
      'loops over loops',
      `[${Array(60).fill('1').join(',')}].all(a, [${Array(60).fill('1').join(',')}].all(b, a == b))`,
      'steps on a large question',
    ],
    ['texts that double', '["xx"].map(x, x + x).map(x, x + x).size() > 0', 'map or filter'],
    ['filters', 'requester.groups.filter(g, true).size() > 0', 'map or filter'],
    [
      'long sums in a loop',
      `requester.groups.exists(g, ${Array(35).fill('g').join('+')} == "")`,
      'steps on a large question',
    ],
    [
      'patterns in a loop',
      'requester.groups.exists(g, g.matches("(a{8}){8}$"))',
      'steps on a large question',
    ],
    [
      'lists that grow from loop to loop',
      `[${sumOf('requester.groups', 10)}].all(x, [${sumOf('x', 12)}].all(y, "q" in (${sumOf('y', 8)})))`,
      'steps on a large question',
    ],
    [
      'lists that grow where their kind is not known',
      `[${sumOf('dyn(requester.groups)', 10)}].all(x, [${sumOf('x', 12)}].all(y, dyn(y + y) == dyn(y)))`,
      'steps on a large question',
    ],
    [
      'a list searched in a loop',
      'requester.groups.all(g, !("q" in requester.groups))',
      'steps on a large question',
    ],
    [
      'lists of lists compared in a loop',
      `requester.groups.all(g, [${LISTS}] == [${LISTS}])`,
      'steps on a large question',
    ],
    ['repeats of repeats', 'runtime.name.matches("(a{30}){30}")', '{n} in one pattern may multiply to 64'],
    ['a pattern from the question', 'runtime.name.matches(desired.image)', 'not a constant'],
    ['a pattern that is put together', 'runtime.name.matches("a" + "b")', 'not a constant'],
    [
      'a text that is put together',
      '(runtime.name + runtime.name).matches("a")',
      'a text that it makes itself',
    ],
    ['a pattern with look-ahead', 'runtime.name.matches("(?=a)a")', 'a pattern that is none'],
    ['a pattern with a reference back', String.raw`runtime.name.matches("(a)\\1")`, 'a pattern that is none'],
    ['the widest class', String.raw`runtime.name.matches("^\\pL{64}$")`, 'steps on a large question'],
    [
      'clocks in a loop',
      'requester.groups.exists(g, now.getHours("Europe/Amsterdam") == 1)',
      'steps on a large question',
    ],
    ['recursion by a name', 'when(when)', 'when'],
    ['__proto__', '__proto__ == null', 'knows no __proto__'],
    ['constructor', 'constructor == null', 'knows no constructor'],
    ['the prototype of a field', 'runtime.__proto__ == null', 'looks for __proto__'],
    ['the prototype by an index', 'runtime["constructor"] == null', 'looks for constructor'],
    ['a computed field', 'runtime["na" + "me"] == ""', 'not a constant'],
    ['the process', 'process.env.HOME != ""', 'knows no process'],
    ['a type by its name', 'google.protobuf.Struct{} == {}', 'which no rule needs'],
    ['a function by its name', 'runtime.name.toString() == ""', 'calls toString'],
    ['an inner variable', '@result == 1', 'cannot be read'],
    ['control characters', '\u0000 == 1', 'cannot be read'],
  ])('with %s is refused at once', (_, text, message) => {
    const { result, ms } = timed(() => programOf(text));
    expect(result).toMatchObject({ problem: { message: expect.stringContaining(message) } });
    expect(ms).toBeLessThan(AT_MOST_MS);
    expect(evaluate(text, LARGEST)).toHaveProperty('error');
  });

  test.each([
    ['a pattern that blows up in other engines', 'runtime.name.matches("^(a+)+$")'],
    ['the same in a loop', 'requester.groups.exists(g, g.matches("^(a+)+$"))'],
    ['stars in stars', 'runtime.name.matches("^((a*)*)*b$")'],
    ['many alternatives', `runtime.name.matches("^(${Array(60).fill('a').join('|')})*$")`],
    ['many classes', `runtime.name.matches("${String.raw`\\pL`.repeat(25)}")`],
    ['labels in a loop', 'runtime.labels.all(l, runtime.labels[l] != "b")'],
    ['a list of the question', 'requester.groups.exists(g, g in ["a", "b", "c"])'],
    ['the longest text', `${Array(30).fill('runtime.name').join('+')} == ""`],
  ])('with %s takes little time or is refused', (_, text) => {
    programOf(text);
    const { result, ms } = timed(() => evaluate(text, LARGEST));
    expect(result).toSatisfy((outcome: object) => 'holds' in outcome || 'error' in outcome);
    expect(ms).toBeLessThan(AT_MOST_MS);
  });

  test('with anything that is written of the words of CEL ends soon, in true, false or an error', () => {
    const pieces = fc.constantFrom(
      ...[
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '&&',
        '||',
        '!',
        '?',
        ':',
        '==',
        '+',
        '-',
        '*',
        '/',
        '%',
        ',',
        '.',
        'in',
      ],
      ...[
        'true',
        'null',
        '1',
        '2.0',
        '"a"',
        'x',
        'runtime',
        'requester',
        '.groups',
        '.exists(x, ',
        '.all(x, ',
        '.matches(',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), parts => {
        const { result, ms } = timed(() => evaluate(parts.join(' '), LARGEST));
        expect('holds' in result || 'error' in result).toBe(true);
        expect(ms).toBeLessThan(AT_MOST_MS);
      }),
      { numRuns: 500 },
    );
  });
});
