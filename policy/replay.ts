import { z } from 'zod';
import { type Policy, type PolicyQuestion, PolicyVerdict } from '../domain/policy.ts';
import { demandInWords } from '../domain/rules/demand-in-words.ts';
import { judge } from './judge.ts';

/** A decision that was once taken. */
export interface RecordedDecision {
  readonly id: string;
  readonly question: PolicyQuestion;
  readonly verdict: PolicyVerdict;
}

const Answer = PolicyVerdict.shape.answer;

/** What would change if recorded questions were asked again. */
export const ReplayReport = z
  .object({
    decisions: z.int(),
    unchanged: z.int(),
    counts: z.array(z.object({ from: Answer, to: Answer, decisions: z.int() })),
    changed: z.array(
      z.object({
        id: z.string(),
        from: Answer,
        to: Answer,
        was: z.string().meta({ description: 'The reason of then' }),
        why: z.string().meta({ description: 'The reason of now' }),
        demands: z.array(z.string()).meta({
          description: 'Whose approval would be needed; told when the answer or the demands change',
        }),
      }),
    ),
  })
  .meta({ id: 'PolicyReplayReport' });
export type ReplayReport = z.infer<typeof ReplayReport>;

/** Judges recorded questions again by other policies and tells which answers or demands would differ. */
export function replay(decisions: readonly RecordedDecision[], draft: readonly Policy[]): ReplayReport {
  const changed = decisions.flatMap(decision => changeOf(decision, judge(decision.question, draft)));
  return {
    decisions: decisions.length,
    unchanged: decisions.length - changed.length,
    counts: countsOf(changed),
    changed,
  };
}

function changeOf({ id, verdict }: RecordedDecision, now: PolicyVerdict): ReplayReport['changed'] {
  if (verdict.answer === now.answer && asksTheSame(verdict, now)) return [];
  return [
    {
      id,
      from: verdict.answer,
      to: now.answer,
      was: verdict.reason,
      why: now.reason,
      demands: now.demands.map(demandInWords),
    },
  ];
}

/** The rules that demand it do not matter here, only whose consent is needed. */
function asksTheSame(one: PolicyVerdict, other: PolicyVerdict): boolean {
  const demandsOf = ({ demands }: PolicyVerdict) =>
    [...new Set(demands.map(demandInWords))].toSorted().join('; ');
  return demandsOf(one) === demandsOf(other);
}

function countsOf(changed: ReplayReport['changed']): ReplayReport['counts'] {
  const groups = Object.values(Object.groupBy(changed, ({ from, to }) => `${from} ${to}`));
  return groups
    .flatMap(group => (group?.[0] ? [{ from: group[0].from, to: group[0].to, decisions: group.length }] : []))
    .toSorted((one, other) => other.decisions - one.decisions);
}
