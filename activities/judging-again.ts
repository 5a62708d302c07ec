import { isDeepStrictEqual } from 'node:util';
import { ApplicationFailure } from '@temporalio/activity';
import type { ClearanceFacts } from '../db/clearance.ts';
import type { PolicyDecision } from '../db/policy-decisions.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import type { PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import type { Prices } from '../domain/rules/prices.ts';
import { runtimeState } from '../domain/rules/runtime-state.ts';
import { judge } from '../policy/judge.ts';
import { costOf } from '../policy/question.ts';
import { strictest } from '../policy/strictest.ts';
import { reachOf } from './reach.ts';

/** What is known when it is judged again, right before it acts, what was judged at admission. */
export interface LastLook {
  readonly facts: ClearanceFacts;
  readonly prices: Prices;
  readonly now: Date;
}

/** What the policies of now say. Of a change, everything that is still to come is judged: people agree to all of it at once. */
export function judgeAgain(
  { facts, prices, now }: LastLook,
  { index, operationId }: { readonly index: number; readonly operationId: string },
): Omit<PolicyDecision, 'step'> {
  const questions = facts.questions
    .filter(({ step }) => step >= index)
    .map(({ question }) => asOf(question, { facts, prices, now }));
  const [question] = questions;
  if (!question)
    throw ApplicationFailure.nonRetryable(
      `Operation ${operationId} may not act: what the policies were asked at its admission was not kept. Ask for the change again.`,
      'policy_denied',
    );
  return { question, verdict: strictest(questions.map(each => judge(each, facts.policies))) };
}

/**
 * Why it must be asked for anew although the policies would let it act: what was planned lets it reach what the policies
 * of admission let it, and by now they say otherwise.
 */
export function deniedByReach(look: LastLook, target: ReleaseTarget): PolicyVerdict | undefined {
  const { facts } = look;
  const verdict = strictest(
    facts.questions.map(({ question }) => judge(asOf(question, look), facts.policies)),
  );
  if (isDeepStrictEqual(reachOf(verdict), target.egress)) return undefined;
  const why = verdict.obligations.egress?.because ?? 'no rule is about it any more';
  const reason = `where policies let ${target.runtimeName} reach has changed since this was planned (${why}); ask for it again`;
  return { ...verdict, answer: 'deny', reason };
}

function asOf(question: PolicyQuestion, { facts, prices, now }: LastLook): PolicyQuestion {
  const { runtime, holdings } = facts;
  const { lifecycle } = question.runtime;
  const asked = {
    ...question,
    runtime: {
      ...question.runtime,
      labels: { ...runtime.labels },
      lifecycle: lifecycle === 'new' ? lifecycle : runtimeState(runtime.phase, runtime.health ?? 'unknown'),
    },
    now: now.toISOString(),
  };
  return { ...asked, cost: costOf(asked, { holdings, prices, action: question.action }) };
}
