import { z } from 'zod';
import { Enforcement, PolicyVerdict, RuleReference } from '../domain/policy.ts';

/** A word of a selector that does not fit. */
const Misfit = z.object({
  word: z.string().meta({ description: '`scope_env` is the environment of the whole policy' }),
  wanted: z.string(),
  is: z.string(),
});

/** What a rule's `when` came to, and by which of its parts. */
const Condition = z.object({
  text: z.string(),
  holds: z.boolean().nullable().meta({ description: 'Null: it could not be evaluated' }),
  error: z.string().nullable(),
  because: z
    .array(
      z.object({
        text: z.string(),
        holds: z.boolean().nullable(),
        values: z.array(z.object({ term: z.string(), value: z.string().meta({ description: 'As JSON' }) })),
      }),
    )
    .meta({ description: 'The smallest parts that made it so, with what their terms stood for' }),
});

/** What became of one rule. */
export const RuleExplanation = RuleReference.extend({
  mode: Enforcement,
  inherited_from: z.string().nullable(),
  outcome: z.enum(['matched', 'selector', 'condition', 'error', 'not_inherited']).meta({
    description:
      'It matched; its selector or its condition did not fit; it could not be asked; or it allows something and was made by a tenant above, which allows nothing here',
  }),
  misfits: z.array(Misfit),
  when: Condition.nullable().meta({ description: 'Null: there is none, or the selector did not fit' }),
});
export type RuleExplanation = z.infer<typeof RuleExplanation>;

/** Why the policies answer as they do, rule by rule, and what would make them allow it. */
export const PolicyExplanation = z
  .object({
    verdict: PolicyVerdict,
    rules: z.array(RuleExplanation),
    would_pass: z.array(z.string()).meta({ description: 'All of these together; empty when it is allowed' }),
  })
  .meta({ id: 'PolicyExplanation' });
export type PolicyExplanation = z.infer<typeof PolicyExplanation>;
