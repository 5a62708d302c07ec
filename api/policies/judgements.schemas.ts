import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { PolicyAction, PolicyQuestion, PolicyVerdict } from '../../domain/policy.ts';
import { PolicyExplanation } from '../../policy/explanation.ts';
import { PartialQuestion, PolicyFixture } from '../../policy/suite.ts';
import { PolicyDraft } from './policies.schemas.ts';

const MOST_DRAFTS = 100;
const MOST_FIXTURES = 500;
export const MOST_DECISIONS = 5_000;

/** What a runtime that is named knows by itself. */
const KNOWN = ['environment', 'project', 'runtime', 'before'] as const;

/** A question; what it leaves out is the runtime's that is named, else has the defaults told here. */
export const PolicyCheckRequest = PartialQuestion.omit({ tenant: true })
  .extend({
    action: PolicyAction,
    runtime_id: idOf('runtime').optional().meta({
      description:
        'Environment, project, labels, lifecycle and what it is now are this runtime’s; `desired` then is what it is now, but for what you give',
    }),
    environment: PolicyQuestion.shape.environment
      .optional()
      .meta({ description: 'Without a runtime_id: development when left out' }),
    project: z.string().max(24).optional().meta({
      description: 'Without a runtime_id: default when left out',
    }),
    runtime: PartialQuestion.shape.runtime.meta({
      description:
        'Without a runtime_id. Left out: an agent_runtime without labels, new where the action makes one and else running',
    }),
    before: PartialQuestion.shape.before.meta({
      description: 'Without a runtime_id. Left out: null where the action makes it, else as `desired`',
    }),
    desired: PartialQuestion.shape.desired.meta({
      description: 'What you leave out is as the runtime has it, or the smallest of its kind',
    }),
    cost: PartialQuestion.shape.cost.meta({
      description: 'What you leave out is reckoned by the price table from all runtimes of the tenant',
    }),
    requester: PartialQuestion.shape.requester.meta({ description: 'What you leave out is your own' }),
    now: PartialQuestion.shape.now.meta({ description: 'Now when left out' }),
  })
  .superRefine((question, context) => {
    if (question.runtime_id === undefined) return;
    for (const word of KNOWN.filter(word => question[word] !== undefined))
      context.addIssue({
        code: 'custom',
        path: [word],
        message: 'is known of the runtime that runtime_id names',
      });
  })
  .meta({ id: 'PolicyCheckRequest' });
export type PolicyCheckRequest = z.infer<typeof PolicyCheckRequest>;

export const PolicyCheckAnswer = z
  .object({
    question: PolicyQuestion.meta({ description: 'As it was judged, with nothing left out' }),
    verdict: PolicyVerdict,
    explanation: PolicyExplanation.omit({ verdict: true }),
  })
  .meta({ id: 'PolicyCheckAnswer' });
export type PolicyCheckAnswer = z.infer<typeof PolicyCheckAnswer>;

const Drafts = z.array(PolicyDraft).max(MOST_DRAFTS);

export const PolicyTestRequest = z
  .strictObject({
    policies: Drafts.optional().meta({
      description:
        'In place of the tenant’s own, which are tested when left out; those of tenants above are always there',
    }),
    fixtures: z
      .array(PolicyFixture)
      .min(1)
      .max(MOST_FIXTURES)
      .meta({ description: 'What a question leaves out is that of a small agent in development' }),
  })
  .meta({ id: 'PolicyTestRequest' });
export type PolicyTestRequest = z.infer<typeof PolicyTestRequest>;

export const PolicyReplayRequest = z
  .strictObject({
    policies: Drafts.meta({
      description: 'In place of the tenant’s own; those of tenants above are always there',
    }),
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'Only decisions from then on', examples: ['2026-01-05T12:00:00.000Z'] }),
    limit: z
      .int()
      .min(1)
      .max(MOST_DECISIONS)
      .default(1_000)
      .meta({ description: 'At most this many decisions: the newest' }),
  })
  .meta({ id: 'PolicyReplayRequest' });
export type PolicyReplayRequest = z.infer<typeof PolicyReplayRequest>;

export const PolicyExportQuery = z.strictObject({
  format: z
    .enum(['validating-admission-policy'])
    .default('validating-admission-policy')
    .meta({ description: 'The only one there is' }),
  except_user: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')
    .optional()
    .meta({
      description:
        'The user RuntimeAI is in the cluster, which is let through: it has asked the policies, and what puts things back must not be refused',
      examples: ['system:serviceaccount:runtimeai:runtimeai'],
    }),
});
export type PolicyExportQuery = z.infer<typeof PolicyExportQuery>;

export const PolicyExportAnswer = z
  .object({
    manifests: z.array(z.record(z.string(), z.unknown())).meta({
      description:
        'ValidatingAdmissionPolicies and their bindings (admissionregistration.k8s.io/v1), to be applied to the cluster',
    }),
    left_out: z.array(
      z.object({
        policy: z.string(),
        policy_id: z.string(),
        rule: z.int().meta({ description: 'Number of the rule in its policy, from 1' }),
        why: z.string(),
      }),
    ),
  })
  .meta({ id: 'PolicyExportAnswer' });
