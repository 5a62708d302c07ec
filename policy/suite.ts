import { z } from 'zod';
import { type Policy, PolicyQuestion, PolicyVerdict, RuleReference } from '../domain/policy.ts';
import { judge } from './judge.ts';
import { matchRules } from './matching.ts';
import { type Placed, placedRules, referenceOf } from './naming.ts';
import { SAMPLE_QUESTION } from './sample-question.ts';

const { runtime, requester, desired, cost } = PolicyQuestion.shape;

/** A point in time with any offset. CEL's timestamps begin with the year 1 and end with the year 9999. */
const Moment = z.iso
  .datetime({ offset: true, abort: true })
  .refine(text => /^(?!0000)[0-9]{4}-/.test(inUtc(text)), {
    message: 'is, in UTC, not between the years 1 and 9999',
  });

/** A question in which only what matters is said; the rest is that of the sample question. */
export const PartialQuestion = z.strictObject({
  ...PolicyQuestion.partial().shape,
  runtime: z.strictObject(runtime.partial().shape).optional(),
  requester: z.strictObject(requester.partial().shape).optional(),
  before: z.strictObject(desired.partial().shape).nullable().optional(),
  desired: z.strictObject(desired.partial().shape).optional(),
  cost: z.strictObject(cost.partial().shape).optional(),
  now: Moment.optional(),
});
export type PartialQuestion = z.infer<typeof PartialQuestion>;

/** The same point in time as the engine and its answers write it. */
export function inUtc(moment: string): string {
  return new Date(moment).toISOString();
}

/** One case of a suite: a question and the answer it shall get. */
export const PolicyFixture = z.strictObject({
  name: z.string().min(1).max(200),
  question: PartialQuestion,
  expect: z.strictObject({
    answer: PolicyVerdict.shape.answer,
    policy: z.string().optional().meta({ description: 'Name of the policy that shall decide' }),
    rule: z.int().min(1).optional().meta({ description: 'Number of a rule of that policy that shall match' }),
    reason: z.string().optional().meta({ description: 'A part of the reason' }),
    quorum: z.int().min(1).optional().meta({ description: 'The largest quorum that shall be demanded' }),
  }),
});
export type PolicyFixture = z.infer<typeof PolicyFixture>;

/** What came of a suite: case by case, and which rules no case met. */
export const SuiteReport = z
  .object({
    passed: z.int(),
    failed: z.int(),
    fixtures: z.array(
      z.object({
        name: z.string(),
        passed: z.boolean(),
        differences: z.array(z.object({ word: z.string(), expected: z.string(), came: z.string() })),
        verdict: PolicyVerdict,
      }),
    ),
    coverage: z.object({
      rules: z.array(
        RuleReference.extend({ matched: z.int().meta({ description: 'By how many fixtures' }) }),
      ),
      never_matched: z.int(),
    }),
  })
  .meta({ id: 'PolicySuiteReport' });
export type SuiteReport = z.infer<typeof SuiteReport>;

/** Judges every fixture and compares; coverage counts shadow policies too. */
export function runSuite(
  policies: readonly Policy[],
  fixtures: readonly PolicyFixture[],
  sample: PolicyQuestion = SAMPLE_QUESTION,
): SuiteReport {
  const questions = fixtures.map(({ question }) => filledIn(question, sample));
  const results = fixtures.map((fixture, at) => resultOf(fixture, judge(questions[at] ?? sample, policies)));
  const rules = coverageOf(policies, questions);
  return {
    passed: results.filter(({ passed }) => passed).length,
    failed: results.filter(({ passed }) => !passed).length,
    fixtures: results,
    coverage: { rules, never_matched: rules.filter(({ matched }) => matched === 0).length },
  };
}

/** A partial question with everything it leaves out taken from the sample. */
export function filledIn(partial: PartialQuestion, sample: PolicyQuestion = SAMPLE_QUESTION): PolicyQuestion {
  const { before } = partial;
  return PolicyQuestion.parse({
    ...sample,
    ...partial,
    runtime: { ...sample.runtime, ...partial.runtime },
    requester: { ...sample.requester, ...partial.requester },
    desired: { ...sample.desired, ...partial.desired },
    before: before
      ? { ...(sample.before ?? sample.desired), ...before }
      : before === null
        ? null
        : sample.before,
    cost: { ...sample.cost, ...partial.cost },
    now: inUtc(partial.now ?? sample.now),
  });
}

function resultOf({ name, expect }: PolicyFixture, verdict: PolicyVerdict): SuiteReport['fixtures'][number] {
  const quorum = Math.max(0, ...verdict.demands.map(demand => demand.quorum));
  const rules = verdict.rules.filter(({ policy }) => policy === verdict.policy).map(({ rule }) => rule);
  const words: [string, string | number | undefined, string | number, boolean][] = [
    ['answer', expect.answer, verdict.answer, expect.answer === verdict.answer],
    ['policy', expect.policy, verdict.policy, expect.policy === verdict.policy],
    ['rule', expect.rule, rules.join(', ') || 'none', rules.some(rule => rule === expect.rule)],
    ['reason', expect.reason, verdict.reason, verdict.reason.includes(expect.reason ?? '')],
    ['quorum', expect.quorum, quorum, expect.quorum === quorum],
  ];
  const differences = words.flatMap(([word, expected, came, same]) =>
    expected === undefined || same ? [] : [{ word, expected: String(expected), came: String(came) }],
  );
  return { name, passed: differences.length === 0, differences, verdict };
}

function coverageOf(policies: readonly Policy[], questions: readonly PolicyQuestion[]) {
  const met = questions.flatMap(question => matchRules(question, policies).matches.map(placeOf));
  return placedRules(policies).map(placed => ({
    ...referenceOf(placed),
    matched: met.filter(place => place === placeOf(placed)).length,
  }));
}

function placeOf({ policy, number }: Placed): string {
  return `${policy.id}@${policy.version}#${number}`;
}
