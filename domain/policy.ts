import { z } from 'zod';
import { Cidrs, Namespaces } from './kubernetes-text.ts';
import { Role } from './principal.ts';
import { RuntimeState, RuntimeType } from './runtime.ts';
import { Environment } from './tenant.ts';

export const PolicyAction = z.enum([
  'deploy.install',
  'deploy.upgrade',
  'lifecycle.create',
  'lifecycle.start',
  'lifecycle.stop',
  'lifecycle.restart',
  'lifecycle.scale',
  'lifecycle.snapshot',
  'lifecycle.restore',
  'lifecycle.migrate',
  'lifecycle.tune_policy',
  'lifecycle.attach_observer',
  'lifecycle.detach_observer',
  'lifecycle.delete',
  'intent.plan',
]);
export type PolicyAction = z.infer<typeof PolicyAction>;

/** Far beyond what any runtime has; with bounds, whatever is reckoned from them stays a number. */
const Amount = z.number().min(0).max(1e15);
const Count = z.int().min(0).max(1e9);
const Cost = z.number().min(0).max(1e30);

/** What a runtime is, or shall be, as far as policies look at it. */
export const Footprint = z.object({
  cpu: Amount.meta({ description: 'Cores of all replicas together' }),
  memory_mib: Amount.meta({ description: 'MiB of all replicas together' }),
  replicas: Count,
  gpus: Count,
  gpu_model: z.string().nullable(),
  storage_gib: Amount,
  size: z.string().nullable(),
  image: z.string().nullable(),
  exposure: z.string().nullable(),
  egress_policy: z.string().nullable(),
  isolation: z.string().nullable(),
});
export type Footprint = z.infer<typeof Footprint>;

/** What a month of running all the time costs, by the installation's price table. */
export const PolicyCost = z.object({
  before: Cost.meta({ description: 'Of this runtime as it is; 0 when it is new' }),
  after: Cost.meta({ description: 'Of this runtime as it shall be' }),
  tenant: Cost.meta({ description: 'Of all other runtimes of the tenant' }),
  project: Cost.meta({ description: 'Of all other runtimes of the project' }),
  environment: Cost.meta({ description: 'Of all other runtimes of the environment' }),
  unit: z.string(),
});
export type PolicyCost = z.infer<typeof PolicyCost>;

/** What is asked of the policies: who wants to do what, to what, where, at which cost. CEL sees it word for word. */
export const PolicyQuestion = z
  .object({
    action: PolicyAction,
    tenant: z.string(),
    environment: Environment,
    project: z.string(),
    runtime: z.object({
      id: z.string().nullable(),
      name: z.string(),
      type: RuntimeType,
      labels: z.record(z.string(), z.string()),
      lifecycle: z.union([z.literal('new'), RuntimeState]),
    }),
    requester: z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(['human', 'agent', 'system']),
      roles: z.array(Role),
      groups: z.array(z.string()),
      on_behalf_of: z.string().nullable(),
    }),
    before: Footprint.nullable(),
    desired: Footprint,
    cost: PolicyCost,
    now: z.iso.datetime(),
  })
  .meta({ id: 'PolicyQuestion' });
export type PolicyQuestion = z.infer<typeof PolicyQuestion>;

/** What a rule is about; everything when empty. Every word given must fit. */
export const Selector = z.strictObject({
  tenant: z
    .string()
    .max(24)
    .optional()
    .meta({ description: 'Of a parent’s rule: only this tenant below it' }),
  environment: Environment.optional(),
  project: z.string().max(24).optional(),
  action: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'An action, or a glob in which * stands for any text, e.g. lifecycle.*' }),
  runtime_kind: RuntimeType.optional(),
  labels: z
    .record(z.string().max(317), z.string().max(63))
    .refine(labels => Object.keys(labels).length <= 64, 'must not hold more than 64 labels')
    .optional()
    .meta({ description: 'Labels the runtime must bear; the value * fits any' }),
  lifecycle: z.union([z.literal('new'), RuntimeState]).optional(),
});
export type Selector = z.infer<typeof Selector>;

/** What every kind of rule has. `when` is CEL over the words of `PolicyQuestion`; the rule holds where it is true. */
const common = {
  selector: Selector.default({}),
  when: z.string().min(1).max(2000).optional(),
  reason: z.string().max(200).optional(),
};

const THIRTY_DAYS = 30 * 24 * 3600;

export const ApprovalParams = z.strictObject({
  quorum: z.int().min(1).max(10).default(1),
  roles: z.array(Role).max(7).optional().meta({ description: 'Only people with one of these roles count' }),
  groups: z
    .array(z.string().min(1).max(200))
    .max(20)
    .optional()
    .meta({ description: '… or in one of these groups' }),
  acr: z.array(z.string().min(1).max(200)).max(10).optional().meta({
    description: 'Only who signed in by one of these (claim `acr`) counts; keys never do',
  }),
  expires_in_seconds: z
    .int()
    .min(1)
    .max(THIRTY_DAYS)
    .default(24 * 3600),
});
export type ApprovalParams = z.infer<typeof ApprovalParams>;

export const BudgetParams = z.strictObject({
  monthly: z.number().positive().meta({ description: 'In the unit of the price table' }),
  per: z.enum(['tenant', 'project', 'environment', 'runtime']).default('tenant'),
  over: z.enum(['deny', 'require_approval']).default('deny'),
  approval: ApprovalParams.optional(),
});
export type BudgetParams = z.infer<typeof BudgetParams>;

export const EgressParams = z.strictObject({
  cidrs: Cidrs.max(40).default([]),
  namespaces: Namespaces.max(40).default([]),
});
export type EgressParams = z.infer<typeof EgressParams>;

export const PolicyRule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('deny_action'), ...common }),
  z.strictObject({ kind: z.literal('allow_action'), ...common }),
  z.strictObject({
    kind: z.literal('require_approval'),
    ...common,
    params: ApprovalParams.default({ quorum: 1, expires_in_seconds: 24 * 3600 }),
  }),
  z.strictObject({ kind: z.literal('budget_guardrail'), ...common, params: BudgetParams }),
  z.strictObject({ kind: z.literal('data_egress'), ...common, params: EgressParams }),
]);
export type PolicyRule = z.infer<typeof PolicyRule>;

/** `shadow`: judged and recorded beside the verdict, without any effect. */
export const Enforcement = z.enum(['enforce', 'shadow']);
export type Enforcement = z.infer<typeof Enforcement>;

/** Spelled out, because what counts as a space differs from one regular expression engine to the next. */
const POLICY_NAME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what is refused
  /^[^\u0000-\u0020\u007f-\u00a0](?:[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0])?$/;

/** The name of a policy that is to be made. */
export const PolicyName = z
  .string()
  .min(1)
  .max(63)
  .regex(POLICY_NAME, 'must hold no control characters and not begin or end with a space');

/** A named, ordered set of rules; with an environment in `scope_env`, they hold nowhere else. */
export const Policy = z.object({
  id: z.string(),
  name: z.string(),
  version: z.int(),
  mode: Enforcement,
  scope_env: Environment.nullable(),
  rules: z.array(PolicyRule),
  inherited_from: z
    .string()
    .nullable()
    .meta({ description: 'The tenant above that made it; null for one of its own' }),
});
export type Policy = z.infer<typeof Policy>;

/** A policy before it is made; without `scope_env` it holds in every environment, without `mode` it is enforced. */
export type NewPolicy = Pick<Policy, 'name' | 'rules'> & {
  readonly scope_env?: Environment | null | undefined;
  readonly mode?: Enforcement | undefined;
};

/** A rule that had a say, by its place. */
export const RuleReference = z.object({
  policy: z.string(),
  policy_id: z.string(),
  version: z.int(),
  rule: z.int().meta({ description: 'Number of the rule in its policy, from 1' }),
  kind: z.enum(['deny_action', 'allow_action', 'require_approval', 'budget_guardrail', 'data_egress']),
});
export type RuleReference = z.infer<typeof RuleReference>;

/** One demand for people's consent: so many, of these. Each must be met by itself. */
export const ApprovalDemand = z.object({
  quorum: z.int().min(1),
  roles: z.array(Role),
  groups: z.array(z.string()),
  acr: z.array(z.string()),
  because: z.string().meta({ description: 'The rule that demands it, in words' }),
});
export type ApprovalDemand = z.infer<typeof ApprovalDemand>;

/** What goes with an allowed action: how much of a budget is left, where the runtime may reach. */
export const Obligations = z.object({
  budgets: z.array(
    z.object({
      per: z.string(),
      monthly: z.number(),
      left: z.number(),
      unit: z.string(),
      because: z.string(),
    }),
  ),
  egress: z
    .object({ cidrs: z.array(z.string()), namespaces: z.array(z.string()), because: z.string() })
    .nullable()
    .meta({ description: 'Null: no data_egress rule is about it' }),
});
export type Obligations = z.infer<typeof Obligations>;

/** The answer of the policies, with the rule that gave it. */
export const PolicyVerdict = z
  .object({
    answer: z.enum(['allow', 'deny', 'require_approval']),
    policy: z
      .string()
      .meta({ description: 'Name of the policy that decided; `default` or `none` when none did' }),
    reason: z.string(),
    rules: z.array(RuleReference).meta({ description: 'Every enforced rule that matched' }),
    demands: z.array(ApprovalDemand).meta({ description: 'Empty unless approvals are required' }),
    expires_in_seconds: z.int().nullable().meta({ description: 'How long people have for it' }),
    obligations: Obligations,
    digest: z.string().meta({ description: 'SHA-256 over the ids and versions of all policies judged by' }),
    shadow: z
      .object({ answer: z.enum(['allow', 'deny', 'require_approval']), reason: z.string() })
      .nullable()
      .meta({ description: 'What the answer would be if the policies in shadow mode were enforced too' }),
  })
  .meta({ id: 'PolicyVerdict' });
export type PolicyVerdict = z.infer<typeof PolicyVerdict>;
