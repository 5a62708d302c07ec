import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { Environment, TenantId } from '../../domain/tenant.ts';
import { Paging, pageOf } from '../http/paging.ts';

const MAX_RULES = 200;

/** Spelled out, because what counts as a space differs from one regular expression engine to the next. */
const POLICY_NAME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what is refused
  /^[^\u0000-\u0020\u007f-\u00a0](?:[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0])?$/;

/** A rule as the contract states it; which of them can be enforced is judged in `enforceable.ts`. */
export const StatedRule = z
  .strictObject({
    kind: z
      .enum(['deny_action', 'allow_action', 'require_approval', 'budget_guardrail', 'data_egress'])
      .meta({
        description: '`budget_guardrail` and `data_egress` are not enforced yet and refused with 422',
      }),
    selector: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({
        description:
          'What the rule is about: `action` (an action, or a prefix followed by *), `environment`, `project`. Everything when left out; other words are not enforced and refused with 422',
        examples: [{ action: 'lifecycle.*', project: 'payments' }],
      }),
    params: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({
        description:
          'Of `require_approval`: `quorum` (1 to 10, default 1) and `expires_in_seconds` (default a day)',
        examples: [{ quorum: 2, expires_in_seconds: 3600 }],
      }),
    reason: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Of `deny_action`: shown to whoever is denied' }),
  })
  .meta({ id: 'PolicyRule' });
export type StatedRule = z.infer<typeof StatedRule>;

export const PolicyCreateRequest = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(POLICY_NAME, 'must hold no control characters and not begin or end with a space')
      .meta({ description: 'Shown with every verdict; no two policies of a tenant have the same' }),
    tenant_id: TenantId.nullable()
      .optional()
      .meta({ description: 'If given, must be the tenant of the token' }),
    scope_env: Environment.nullable()
      .optional()
      .meta({
        description: 'The rules hold in this environment only; in all when left out',
        examples: ['production'],
      }),
    rules: z.array(StatedRule).max(MAX_RULES),
  })
  .meta({ id: 'PolicyCreateRequest' });
export type PolicyCreateRequest = z.infer<typeof PolicyCreateRequest>;

/** A policy as it is answered. */
export const PolicyAnswer = z
  .object({
    id: idOf('policy'),
    name: z.string(),
    tenant_id: TenantId.nullable(),
    scope_env: Environment.nullable(),
    rules: z.array(StatedRule),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Policy' });
export type PolicyAnswer = z.infer<typeof PolicyAnswer>;

export const PolicyListQuery = Paging.extend({
  scope_env: Environment.optional().meta({
    description: 'Only policies of this scope; those without a scope are left out',
    examples: ['production'],
  }),
});
export type PolicyListQuery = z.infer<typeof PolicyListQuery>;

export const PolicyListResponse = pageOf(PolicyAnswer, 'PolicyListResponse');
