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

/** What it is judged by again, right before it acts. */
interface Known {
  readonly facts: ClearanceFacts;
  readonly prices: Prices;
  readonly now: Date;
}

/** What was judged at admission, and what the policies say of it now. */
export type LastLook = readonly PolicyDecision[];

/** Asks the policies of now what was asked at admission. */
export function lookAgain(known: Known): LastLook {
  const { questions, policies } = known.facts;
  return questions.map(({ step, question: asked }) => {
    const question = asOf(asked, known);
    return { step, question, verdict: judge(question, policies) };
  });
}

/** What the policies of now say. Of a change, everything that is still to come counts: people agree to all of it at once. */
export function judgeAgain(
  look: LastLook,
  { index, operationId }: { readonly index: number; readonly operationId: string },
): Omit<PolicyDecision, 'step'> {
  const [next, ...later] = look.filter(({ step }) => step >= index);
  if (!next)
    throw ApplicationFailure.nonRetryable(
      `Operation ${operationId} may not act: what the policies were asked at its admission was not kept. Ask for the change again.`,
      'policy_denied',
    );
  return { question: next.question, verdict: strictest([next, ...later].map(({ verdict }) => verdict)) };
}

/**
 * Why it must be asked for anew although the policies would let it act: what was planned lets it reach what the policies
 * of admission let it, and by now they say otherwise.
 */
export function deniedByReach(look: LastLook, target: ReleaseTarget): PolicyVerdict | undefined {
  const verdict = strictest(look.map(each => each.verdict));
  if (isDeepStrictEqual(reachOf(verdict), target.egress)) return undefined;
  const why = verdict.obligations.egress?.because ?? 'no rule is about it any more';
  const reason = `where policies let ${target.runtimeName} reach has changed since this was planned (${why}); ask for it again`;
  return { ...verdict, answer: 'deny', reason };
}

function asOf(question: PolicyQuestion, { facts, prices, now }: Known): PolicyQuestion {
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
