import { z } from 'zod';
import { AgentConfig } from './agent-config.ts';
import { Verification } from './deployment.ts';
import { idOf } from './ids.ts';
import { Environment, ProjectName, TenantId } from './tenant.ts';

export const RuntimeType = z.enum(['vm', 'vcluster', 'sandbox', 'agent_runtime']).meta({ id: 'RuntimeType' });
export type RuntimeType = z.infer<typeof RuntimeType>;

export const RuntimeState = z
  .enum(['creating', 'running', 'stopped', 'degraded', 'deleting', 'deleted', 'error'])
  .meta({ id: 'RuntimeState' });
export type RuntimeState = z.infer<typeof RuntimeState>;

/** Also the name of the Helm release, the Deployment and the Service, hence shorter than a DNS label may be. */
export const RuntimeName = z
  .string()
  .min(1)
  .max(40)
  .regex(
    /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
    'must be a DNS label: lower-case letters, digits and hyphens, beginning with a letter',
  )
  .meta({ examples: ['support-agent'] });

const LABEL_PART = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

export const Labels = z
  .record(
    z.string().regex(LABEL_PART, 'must be a label name of at most 63 characters'),
    z
      .string()
      .max(63)
      .regex(
        /^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/,
        'must be a label value of at most 63 characters',
      ),
  )
  .refine(labels => Object.keys(labels).length <= 64, 'must not hold more than 64 labels');

/** The contract's profiles for any kind of runtime; an `agent_runtime` says the same things in `agent`. */
const Profiles = z.strictObject({
  size: z.string().optional().meta({ description: 'T-shirt size or profile' }),
  resources: z
    .strictObject({
      cpu: z.number().nullable().optional(),
      memory: z.string().nullable().optional(),
      gpu: z.string().nullable().optional(),
      replicas: z.int().nullable().optional(),
    })
    .optional(),
  networking: z
    .strictObject({
      exposure: z.enum(['private', 'internal', 'public']).default('private'),
      egress_policy: z.enum(['restricted', 'open']).default('restricted'),
    })
    .optional(),
  security: z
    .strictObject({
      isolation: z.enum(['basic', 'strong']).default('strong'),
      compliance: z.array(z.string()).optional(),
      audit: z.boolean().default(true),
    })
    .optional(),
});

export const RuntimeSpec = Profiles.extend({ agent: AgentConfig }).meta({ id: 'RuntimeSpec' });
export type RuntimeSpec = z.infer<typeof RuntimeSpec>;

/** Why nothing newer is put into a runtime until somebody says so (`lift_hold` on the next deployment). */
export const Hold = z.object({
  reason: z.string(),
  deployment_id: idOf('deployment'),
  since: z.iso.datetime(),
});
export type Hold = z.infer<typeof Hold>;

/** Something that runs: what was asked for (spec) and what is known of it (state). */
export const Runtime = z
  .object({
    id: idOf('runtime'),
    name: RuntimeName,
    type: RuntimeType,
    state: RuntimeState,
    tenant_id: TenantId.nullable(),
    project: ProjectName,
    environment: Environment,
    labels: Labels,
    capabilities: z.array(z.string()),
    backend: z.object({
      kind: z.enum(['vm_backend', 'vcluster_backend', 'k8s_backend', 'custom']),
      ref: z.string(),
    }),
    spec: RuntimeSpec,
    endpoints: z.array(z.string()).meta({ description: 'Addresses inside the cluster' }),
    verified_deployment_id: idOf('deployment')
      .nullable()
      .meta({ description: 'What a rollback goes back to' }),
    hold: Hold.nullable(),
    operation_id: idOf('operation').nullable().meta({ description: 'The newest operation on this runtime' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Runtime' });
export type Runtime = z.infer<typeof Runtime>;

/** Every field of the contract is understood; what cannot be made yet is refused with the field's name, never ignored. */
export const RuntimeCreateRequest = z
  .strictObject({
    name: RuntimeName,
    type: RuntimeType,
    tenant_id: TenantId.nullable()
      .optional()
      .meta({ description: 'If given, must be the tenant of the token' }),
    project: ProjectName.default('default'),
    environment: Environment.default('development'),
    labels: Labels.default({}),
    spec: Profiles.extend({ agent: AgentConfig.optional() })
      .optional()
      .meta({ description: 'For the type agent_runtime, `agent` is required and says everything' }),
    verification: Verification.optional(),
    keep_failed: z
      .boolean()
      .default(false)
      .meta({ description: 'Leave a failed first install in the cluster' }),
  })
  .transform((request, context) => {
    const { type, spec = {}, ...rest } = request;
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (type !== 'agent_runtime') refuse(['type'], 'cannot be created yet; agent_runtime can');
    for (const profile of ['size', 'resources', 'networking', 'security'] as const) {
      if (spec[profile] !== undefined)
        refuse(['spec', profile], 'does not apply to an agent_runtime; say it in spec.agent');
    }
    if (spec.agent === undefined) refuse(['spec', 'agent'], 'is required for an agent_runtime');
    if (type !== 'agent_runtime' || spec.agent === undefined) return z.NEVER;
    return { ...rest, type, spec: { agent: spec.agent } };
  })
  .meta({ id: 'RuntimeCreateRequest' });
export type RuntimeCreateRequest = z.infer<typeof RuntimeCreateRequest>;
