import { z } from 'zod';
import {
  AgentConfig,
  AgentVariables,
  AgentWish,
  GpuRequest,
  ImageReference,
  MAX_REPLICAS,
} from './agent-config.ts';
import { Verification } from './deployment.ts';
import { idOf } from './ids.ts';
import { Text } from './kubernetes-text.ts';
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

/** What can be done to a runtime of a kind; what is not in its `capabilities` is refused with 422. */
export const Capability = z.enum([
  'deploy',
  'rollback',
  'start',
  'stop',
  'restart',
  'rollout_restart',
  'scale',
  'snapshot',
  'restore',
  'migrate',
  'tune_policy',
  'attach_observer',
  'detach_observer',
]);
export type Capability = z.infer<typeof Capability>;

/** What each size means is in `domain/rules/sizes.ts`, one table per kind. */
export const Size = z.enum(['small', 'medium', 'large', 'xlarge']);
export type Size = z.infer<typeof Size>;

const Quantity = z
  .string()
  .regex(/^[1-9][0-9]{0,5}(Mi|Gi)$/, 'must be a whole number of Mi or Gi, e.g. "8Gi"')
  .meta({ examples: ['8Gi'] });

/** Overrides of a size; what is null or left out is the size's. */
export const ResourceProfile = z
  .strictObject({
    cpu: z.number().min(0.01).max(64).nullable().optional().meta({ description: 'Cores' }),
    memory: Quantity.nullable().optional(),
    gpu: GpuRequest.nullable().optional(),
    replicas: z.int().min(0).max(MAX_REPLICAS).nullable().optional(),
  })
  .meta({ id: 'ResourceProfile' });
export type ResourceProfile = z.infer<typeof ResourceProfile>;

export const NetworkingProfile = z
  .strictObject({
    exposure: z.enum(['private', 'internal', 'public']).default('private'),
    egress_policy: z.enum(['restricted', 'open']).default('restricted'),
  })
  .meta({ id: 'NetworkingProfile' });

export const SecurityProfile = z
  .strictObject({
    isolation: z.enum(['basic', 'strong']).default('strong'),
    compliance: z.array(z.string().max(32)).max(20).optional(),
    audit: z
      .boolean()
      .default(true)
      .refine(isOn => isOn, 'cannot be switched off: every change of every runtime is recorded')
      .meta({ description: 'Always true; false is refused' }),
  })
  .meta({ id: 'SecurityProfile' });

const Command = z.array(Text).max(64);

const SandboxSpec = z.strictObject({
  image: ImageReference.optional().meta({ description: 'The platform’s sandbox image when left out' }),
  command: Command.optional(),
  args: Command.optional(),
  env: AgentVariables.default([]),
  storage: Quantity.optional().meta({ description: 'A volume at /data that outlives a stop' }),
  warm_pool: z.int().min(0).max(100).default(0).meta({ description: 'Pods kept ready for a quick start' }),
});

const VClusterSpec = z.strictObject({
  kubernetes_version: z
    .string()
    .regex(/^1\.[0-9]{1,2}(\.[0-9]{1,2})?$/, 'must be a Kubernetes version such as 1.36')
    .optional(),
  storage: Quantity.default('5Gi').meta({ description: 'Volume of its backing store' }),
});

const VmSpec = z.strictObject({
  image: ImageReference.optional().meta({ description: 'Container disk; the platform’s when left out' }),
  disk: Quantity.optional().meta({ description: 'A volume for the root disk instead of a container disk' }),
  cloud_init_secret: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be the name of a Kubernetes Secret')
    .optional()
    .meta({ description: 'Secret with the key `userdata`, in the namespace of the runtime' }),
});

const SPEC_FIELDS = {
  size: Size.optional().meta({ description: 'T-shirt size; medium when left out' }),
  resources: ResourceProfile.optional(),
  networking: NetworkingProfile.optional(),
  security: SecurityProfile.optional(),
  backend: z
    .string()
    .max(40)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .optional()
    .meta({ description: 'Name of the adapter; the built-in one of the type when left out' }),
  sandbox: SandboxSpec.optional(),
  vcluster: VClusterSpec.optional(),
  vm: VmSpec.optional(),
};

/** What was asked for: the contract's profiles, and under the name of its kind what only that kind has. */
export const RuntimeSpec = z
  .strictObject({ ...SPEC_FIELDS, agent: AgentConfig.optional() })
  .meta({ id: 'RuntimeSpec' });
export type RuntimeSpec = z.infer<typeof RuntimeSpec>;

/** The spec of a create: of an agent only what differs from its profiles and defaults need be said. */
export const RuntimeCreateSpec = z
  .strictObject({ ...SPEC_FIELDS, agent: AgentWish.optional() })
  .meta({ id: 'RuntimeCreateSpec' });
export type RuntimeCreateSpec = z.infer<typeof RuntimeCreateSpec>;

/** The field of the spec that belongs to each kind alone. */
export const SPEC_FIELD_OF = {
  agent_runtime: 'agent',
  sandbox: 'sandbox',
  vcluster: 'vcluster',
  vm: 'vm',
} as const satisfies Readonly<Record<RuntimeType, keyof RuntimeSpec>>;

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
    power: z
      .enum(['running', 'stopped'])
      .meta({ description: 'Whether it shall run; `state` says whether it does' }),
    capabilities: z.array(Capability),
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
    version: z
      .int()
      .meta({ description: 'Counts every change of spec, power or labels; what If-Match compares' }),
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
    spec: RuntimeCreateSpec.default({}),
    verification: Verification.optional(),
    keep_failed: z
      .boolean()
      .default(false)
      .meta({ description: 'Leave a failed first install in the cluster' }),
  })
  .superRefine(({ type, spec }, context) => {
    for (const [kind, field] of Object.entries(SPEC_FIELD_OF)) {
      if (kind !== type && spec[field] !== undefined)
        context.addIssue({ code: 'custom', path: ['spec', field], message: `does not apply to a ${type}` });
    }
  })
  .meta({ id: 'RuntimeCreateRequest' });
export type RuntimeCreateRequest = z.infer<typeof RuntimeCreateRequest>;
