import { z } from 'zod';
import { Text, UserKey, VariableName } from './kubernetes-text.ts';
import { cpuMilliOf, memoryMiBOf } from './rules/quota.ts';

export const MAX_REPLICAS = 1000;

/** Where an agent serves and is probed; also the port of its Service. */
export const AGENT_PORT = 8080;

/** A Kubernetes CPU quantity in cores or millicores, from 10m to 64 cores. */
const Cpu = z
  .string()
  .regex(
    /^([1-9][0-9]{0,5}m|[1-9][0-9]?(\.[0-9]{1,3})?|0\.[0-9]{1,3})$/,
    'must be cores ("1", "0.5") or millicores ("250m")',
  )
  .refine(value => inRange(cpuMilliOf(value), 10, 64_000), 'must be from 10m to 64 cores')
  .meta({ examples: ['250m', '1'] });

/** A Kubernetes memory quantity in Mi or Gi, from 16Mi to 512Gi. */
const Memory = z
  .string()
  .regex(/^[1-9][0-9]{0,5}(Mi|Gi)$/, 'must be a whole number of Mi or Gi, e.g. "256Mi"')
  .refine(value => inRange(memoryMiBOf(value), 16, 512 * 1024), 'must be from 16Mi to 512Gi')
  .meta({ examples: ['256Mi', '2Gi'] });

/** An OCI image reference with a tag or a digest; a bare name would mean a floating `latest`. */
export const ImageReference = z
  .string()
  .max(512)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/,
    'must be an image reference such as registry.example.com/team/agent:1.0.0',
  )
  .refine(
    value =>
      /(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[a-f0-9]{64})$/.test(value.slice(value.lastIndexOf('/') + 1)),
    'must carry a tag or a digest',
  )
  .meta({ examples: ['runtimeai.dev/sample-agent:1.0.0'] });

const FrameworkVersion = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]*$/);

export const AgentFramework = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('langchain'), version: FrameworkVersion }),
  z.strictObject({ name: z.literal('crewai'), version: FrameworkVersion }),
  z.strictObject({ name: z.literal('autogen'), version: FrameworkVersion }),
  z.strictObject({ name: z.literal('custom') }),
]);

const PlainVariable = z
  .strictObject({ name: VariableName, value: Text })
  .refine(variable => !looksLikeSecret(variable), {
    path: ['value'],
    message: 'looks like a secret: put it into a Kubernetes Secret and name it with secret_ref {name, key}',
  });

const SecretVariable = z.strictObject({
  name: VariableName,
  secret_ref: z.strictObject({
    name: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be the name of a Kubernetes Secret'),
    key: z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9._-]+$/, 'must be a key of that Secret'),
  }),
});

const AgentVariable = z.union([PlainVariable, SecretVariable]);

/** Environment of a workload: plain values, and secrets by reference only. */
export const AgentVariables = z.array(AgentVariable).max(100).refine(hasUniqueNames, 'names must be unique');

export const AutoScaling = z
  .strictObject({
    min_replicas: z.int().min(1).max(MAX_REPLICAS),
    max_replicas: z.int().min(1).max(MAX_REPLICAS),
    target_cpu_utilization: z
      .int()
      .min(1)
      .max(100)
      .default(70)
      .meta({ description: 'Percent of the requested CPU' }),
    target_memory_utilization: z
      .int()
      .min(1)
      .max(100)
      .default(80)
      .meta({ description: 'Percent of the requested memory' }),
  })
  .refine(scaling => scaling.min_replicas <= scaling.max_replicas, {
    path: ['max_replicas'],
    message: 'must not be smaller than min_replicas',
  });

/** A number and a model of GPU, e.g. two A10 as `2xA10`. */
export const GpuRequest = z
  .string()
  .max(64)
  .regex(
    /^[1-9][0-9]?x[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    'must be a number, x and a model, e.g. "1xA10"',
  )
  .meta({ examples: ['1xA10'] });

/** What holds for an agent where nothing else is said. */
export const AGENT_DEFAULTS = {
  resources: { cpu: '100m', memory: '128Mi' },
  replicas: 1,
  egress: 'restricted',
  exposure: 'private',
} as const;

const AgentResources = z.strictObject({ cpu: Cpu, memory: Memory });
const Replicas = z.int().min(0).max(MAX_REPLICAS);
const Egress = z.enum(['restricted', 'open']);
const Exposure = z.enum(['private', 'internal', 'public']);

const OPTIONAL_FIELDS = {
  auto_scaling: AutoScaling.optional(),
  gpu: GpuRequest.optional().meta({
    description: 'GPUs of each pod; refused when no node has that many of that model',
  }),
  isolation: z.enum(['basic', 'strong']).optional().meta({
    description: 'strong: in the RuntimeClass that the installation has for it; basic when left out',
  }),
  compliance: z
    .array(z.string().max(32))
    .max(20)
    .optional()
    .meta({ description: 'Words whose nodes and labels the installation has configured' }),
  service_account: z
    .strictObject({ annotations: z.record(UserKey, Text).default({}) })
    .optional()
    .meta({ description: 'Workload-identity annotations of the agent’s own ServiceAccount' }),
};

/** How one agent is run (Iron Cage `AgentConfig`; id, name and tenant come from the runtime and the token). */
export const AgentConfig = z
  .strictObject({
    framework: AgentFramework,
    image: ImageReference,
    resources: AgentResources.default(AGENT_DEFAULTS.resources),
    replicas: Replicas.default(AGENT_DEFAULTS.replicas),
    env: AgentVariables.default([]),
    egress: Egress.default(AGENT_DEFAULTS.egress),
    exposure: Exposure.default(AGENT_DEFAULTS.exposure),
    ...OPTIONAL_FIELDS,
  })
  .meta({ id: 'AgentConfig' });
export type AgentConfig = z.infer<typeof AgentConfig>;

/**
 * An agent as a create may describe it: what is left out comes from the profiles beside it (size, resources,
 * networking, security) or is the default.
 */
export const AgentWish = z
  .strictObject({
    framework: AgentFramework.optional(),
    image: ImageReference.optional().meta({ description: 'The platform’s agent image when left out' }),
    resources: AgentResources.optional(),
    replicas: Replicas.optional(),
    env: AgentVariables.optional(),
    egress: Egress.optional(),
    exposure: Exposure.optional(),
    ...OPTIONAL_FIELDS,
  })
  .meta({ id: 'AgentWish' });
export type AgentWish = z.infer<typeof AgentWish>;

const SECRET_NAME = /(PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|TOKEN|CREDENTIAL)/i;
const SECRET_VALUE =
  /^(sk-[A-Za-z0-9]|gh[pousr]_|xox[abp]-|AKIA[0-9A-Z]{12}|rtai_|-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[A-Za-z0-9_-]{10,}\.)/;

function looksLikeSecret(variable: { name: string; value: string }): boolean {
  return variable.value !== '' && (SECRET_NAME.test(variable.name) || SECRET_VALUE.test(variable.value));
}

/** Whether no name stands twice in a list of variables. */
export function hasUniqueNames(variables: { name: string }[]): boolean {
  return new Set(variables.map(variable => variable.name)).size === variables.length;
}

function inRange(value: number, smallest: number, largest: number): boolean {
  return value >= smallest && value <= largest;
}
