import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { Enforcement, PolicyName, RuleReference } from '../../domain/policy.ts';
import { Environment, TenantId } from '../../domain/tenant.ts';
import { Paging, pageOf } from '../http/paging.ts';

const MAX_RULES = 200;

/** A rule as the contract states it; which of them can be enforced is judged in `enforceable.ts`. */
export const StatedRule = z
  .strictObject({
    kind: RuleReference.shape.kind,
    selector: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({
        description:
          'What the rule is about: `action` (an action or a glob, e.g. lifecycle.*), `environment`, `project`, `runtime_kind`, `labels` (each a value, or * for any), `lifecycle` (a state, or new), `tenant` (one below). Everything when left out; every word given must fit. What could match nothing is refused with 422',
        examples: [{ action: 'lifecycle.*', project: 'payments', labels: { team: '*' } }],
      }),
    params: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .meta({
        description:
          'Of `require_approval`: `quorum` (1 to 10, default 1), `roles`, `groups`, `acr`, `expires_in_seconds` (default a day). Of `budget_guardrail`: `monthly` (in the unit of the price table), `per` (tenant, project, environment or runtime), `over` (deny or require_approval), `approval`. Of `data_egress`: `cidrs`, `namespaces`. The others have none',
        examples: [{ quorum: 2, expires_in_seconds: 3600 }],
      }),
    when: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .meta({
        description:
          'CEL over the words of `PolicyQuestion`; the rule holds where it is true. An expression that cannot be read or may take too long is refused with 422 and its place; one that fails when it is asked denies',
        examples: ['desired.replicas > 10 && requester.kind == "agent"'],
      }),
    reason: z.string().max(200).optional().meta({ description: 'Shown with what the rule decides' }),
  })
  .meta({ id: 'PolicyRule' });
export type StatedRule = z.infer<typeof StatedRule>;

const SCOPE = Environment.nullable()
  .optional()
  .meta({
    description: 'The rules hold in this environment only; in all when left out',
    examples: ['production'],
  });

const MODE = Enforcement.default('enforce').meta({
  description: '`shadow`: judged and told beside each verdict, without any effect',
});

const NAME = PolicyName.meta({
  description: 'Shown with every verdict; no two policies of a tenant have the same',
});

/** A policy as somebody would have it. */
export const PolicyDraft = z
  .strictObject({ name: NAME, scope_env: SCOPE, mode: MODE, rules: z.array(StatedRule).max(MAX_RULES) })
  .meta({ id: 'PolicyDraft' });
export type PolicyDraft = z.infer<typeof PolicyDraft>;

export const PolicyCreateRequest = z
  .strictObject({
    ...PolicyDraft.shape,
    tenant_id: TenantId.nullable()
      .optional()
      .meta({ description: 'If given, must be the tenant of the token' }),
  })
  .meta({ id: 'PolicyCreateRequest' });
export type PolicyCreateRequest = z.infer<typeof PolicyCreateRequest>;

/** Something about rules that works and is hardly meant. */
const Warning = z
  .object({
    kind: z.enum(['allow_without_effect', 'allow_and_deny', 'duplicate', 'matches_nothing', 'may_fail']),
    message: z.string(),
    rules: z.array(RuleReference).meta({ description: 'Those it is about' }),
  })
  .meta({ id: 'PolicyWarning' });

/** A policy as it is answered. */
export const PolicyAnswer = z
  .object({
    id: idOf('policy'),
    name: z.string(),
    tenant_id: TenantId.nullable(),
    inherited_from: TenantId.nullable().meta({
      description: 'The tenant above that made it and alone can change it; null for one of your own',
    }),
    scope_env: Environment.nullable(),
    mode: Enforcement,
    version: z.int().meta({ description: 'Grows with every change; the number in its ETag' }),
    rules: z.array(StatedRule),
    warnings: z
      .array(Warning)
      .optional()
      .meta({ description: 'What of it contradicts or repeats other rules; not told in lists' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Policy' });
export type PolicyAnswer = z.infer<typeof PolicyAnswer>;

export const PolicyVersionAnswer = z
  .object({
    version: z.int(),
    name: z.string(),
    scope_env: Environment.nullable(),
    mode: Enforcement,
    rules: z.array(StatedRule),
    removed: z.boolean().meta({ description: 'With this version it was deleted' }),
    changed_by: z.string().nullable().meta({
      description: 'Id of the principal; `operator` for the command line of the installation',
    }),
    changed_at: z.iso.datetime(),
  })
  .meta({ id: 'PolicyVersion' });
export type PolicyVersionAnswer = z.infer<typeof PolicyVersionAnswer>;

export const PolicyListQuery = Paging.extend({
  scope_env: Environment.optional().meta({
    description: 'Only policies of this scope; those without a scope are left out',
    examples: ['production'],
  }),
  inherited: z.enum(['true', 'false']).default('false').meta({
    description: 'Also those that tenants above have made; they hold here and cannot be changed from here',
  }),
});
export type PolicyListQuery = z.infer<typeof PolicyListQuery>;

export const PolicyListResponse = pageOf(PolicyAnswer, 'PolicyListResponse');

export const PolicyVersionListResponse = pageOf(PolicyVersionAnswer, 'PolicyVersionListResponse');
