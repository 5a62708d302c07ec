import { z } from 'zod';
import { AGENT_PORT, AgentFramework, hasUniqueNames, ImageReference, MAX_REPLICAS } from './agent-config.ts';
import { idOf } from './ids.ts';
import { Cidrs, Namespaces, QUALIFIED_NAME, Text, UserKey, VariableName } from './kubernetes-text.ts';
import { RuntimeName } from './runtime.ts';
import { Environment, ProjectName, TenantId } from './tenant.ts';

const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

const Identity = z.strictObject({
  runtimeId: idOf('runtime').meta({ description: 'AGENT_ID of the agent' }),
  runtimeName: RuntimeName.meta({ description: 'AGENT_NAME of the agent' }),
  tenantId: TenantId.meta({ description: 'TENANT_ID of the agent' }),
  project: ProjectName,
  environment: Environment,
  operationId: z
    .string()
    .regex(/^op_[0-7][0-9a-hjkmnp-tv-z]{25}(\.[1-9][0-9]{0,3})?$/)
    .meta({
      description:
        'Operation that deploys, and its step; an annotation of the Deployment alone, so that it restarts no pod',
    }),
});

const Resources = z.strictObject({
  cpu: z
    .string()
    .regex(/^([1-9][0-9]{0,5}m|[1-9][0-9]{0,2}(\.[0-9]{1,3})?|0\.([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9]))$/)
    .meta({ description: 'Cores ("0.5") or millicores ("500m"); request and limit of each pod' }),
  memory: z
    .string()
    .regex(/^[1-9][0-9]{0,6}(Mi|Gi)$/)
    .meta({ description: 'Mi or Gi; request and limit of each pod' }),
});

const Quantity = z
  .string()
  .regex(/^[1-9][0-9]{0,14}[munkMG]?$/)
  .meta({ description: 'Kubernetes quantity, e.g. "30" or "500m"' });

const MetricName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9_:./|-]+$/);

const CustomMetric = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('pods').meta({ description: 'A metric of the agent’s own pods, averaged over them' }),
    name: MetricName,
    averageValue: Quantity,
  }),
  z.strictObject({
    type: z
      .literal('external')
      .meta({ description: 'A metric from outside the cluster, divided by the pods' }),
    name: MetricName,
    matchLabels: z
      .record(z.string().max(317).regex(QUALIFIED_NAME), z.string().regex(LABEL_VALUE))
      .default({}),
    averageValue: Quantity,
  }),
]);

const Autoscaling = z
  .strictObject({
    minReplicas: z.int().min(1).max(MAX_REPLICAS),
    maxReplicas: z.int().min(1).max(MAX_REPLICAS),
    targetCPUUtilization: z
      .int()
      .min(1)
      .max(100)
      .default(70)
      .meta({ description: 'Percent of requested CPU' }),
    targetMemoryUtilization: z
      .int()
      .min(1)
      .max(100)
      .default(80)
      .meta({ description: 'Percent of requested memory' }),
    customMetrics: z.array(CustomMetric).max(10).default([]),
  })
  .refine(scaling => scaling.minReplicas <= scaling.maxReplicas, {
    path: ['maxReplicas'],
    message: 'must not be smaller than minReplicas',
  });

const PlainVariable = z.strictObject({ name: VariableName, value: Text });

const SecretVariable = z.strictObject({
  name: VariableName,
  secretName: z.string().regex(DNS_SUBDOMAIN).meta({ description: 'Secret in the namespace of the release' }),
  secretKey: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9._-]+$/),
});

/** Where an agent finds one part of its platform. No user information, query or fragment: a credential would be a secret by value. */
export const GovernanceEndpoint = z
  .string()
  .max(2048)
  .regex(
    /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~%/:-]*)?$/,
    'must be an http or https URL without credentials, query or fragment',
  )
  .meta({ description: 'http or https URL without credentials, query or fragment' });

/** All five, or an agent is not deployed. */
export const GovernanceEndpoints = z.strictObject({
  llmApiBaseUrl: GovernanceEndpoint,
  guardrailsApiUrl: GovernanceEndpoint,
  sandboxApiUrl: GovernanceEndpoint,
  dataAccessApiUrl: GovernanceEndpoint,
  otelExporterOtlpEndpoint: GovernanceEndpoint,
});
export type GovernanceEndpoints = z.infer<typeof GovernanceEndpoints>;

/** Several policies together may allow more than any of them names. */
const MOST_PEERS = 1000;

const Networking = z.strictObject({
  egress: z
    .enum(['restricted', 'open'])
    .default('restricted')
    .meta({ description: 'restricted: DNS and what is allowed below; open: everything' }),
  exposure: z
    .enum(['private', 'internal', 'public'])
    .default('private')
    .meta({ description: 'Who may call: the same namespace, all namespaces of the cluster, everybody' }),
  egressAllowedNamespaces: z.array(Namespaces.element).max(MOST_PEERS).default([]).meta({
    description: 'Where the governance endpoints live, and what else is allowed',
  }),
  egressAllowedCidrs: z.array(Cidrs.element).max(MOST_PEERS).default([]).meta({
    description: 'Governance endpoints outside the cluster, and what else is allowed',
  }),
  dnsNamespaces: Namespaces.default(['kube-system']).meta({
    description: 'Where the cluster’s DNS pods live',
  }),
  dnsCidrs: Cidrs.default([]).meta({ description: 'DNS servers that are no pods, e.g. a node-local cache' }),
});

/** A probe answers 2xx or 3xx within its timeout, or counts as one failure. */
const probe = (probed: { path: string; periodSeconds: number; failureThreshold: number }) =>
  z
    .strictObject({
      path: z
        .string()
        .max(512)
        .regex(/^\/[A-Za-z0-9._~%/-]*$/)
        .default(probed.path),
      periodSeconds: z.int().min(1).max(300).default(probed.periodSeconds),
      timeoutSeconds: z.int().min(1).max(60).default(2),
      failureThreshold: z.int().min(1).max(1000).default(probed.failureThreshold),
    })
    .prefault({});

const Probes = z.strictObject({
  port: z
    .int()
    .min(1024)
    .max(65535)
    .default(AGENT_PORT)
    .meta({ description: 'Where the agent serves and is probed' }),
  liveness: probe({ path: '/healthz', periodSeconds: 10, failureThreshold: 3 }),
  readiness: probe({ path: '/ready', periodSeconds: 2, failureThreshold: 3 }),
  startup: probe({ path: '/startup', periodSeconds: 1, failureThreshold: 60 }),
});

const ServiceAccount = z.strictObject({
  annotations: z
    .record(UserKey, Text)
    .default({})
    .meta({ description: 'Workload identity, e.g. a client id' }),
  labels: z
    .record(UserKey, z.string().regex(LABEL_VALUE))
    .default({})
    .meta({ description: 'Workload identity; also on the pods, where its webhooks look for them' }),
});

const PodDisruptionBudget = z.strictObject({
  maxUnavailable: z
    .union([z.int().min(1).max(MAX_REPLICAS), z.string().regex(/^([1-9][0-9]?|100)%$/)])
    .default(1)
    .meta({ description: 'Pods, or percent of them, that a drain may take at a time; never 0' }),
});

const Toleration = z.strictObject({
  key: z.string().max(317).regex(QUALIFIED_NAME).optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().regex(LABEL_VALUE).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().min(0).optional(),
});

/** Where agents' pods may run, as the pod template takes it. */
export const Scheduling = z.strictObject({
  nodeSelector: z
    .record(z.string().max(317).regex(QUALIFIED_NAME), z.string().regex(LABEL_VALUE))
    .default({}),
  tolerations: z.array(Toleration).max(50).default([]),
});
export type Scheduling = z.infer<typeof Scheduling>;

const Gpu = z.strictObject({
  count: z.int().min(1).max(99).meta({ description: 'GPUs of each pod' }),
  model: z
    .string()
    .max(63)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/)
    .meta({ description: 'Only nodes with this value of `nvidia.com/gpu.product` are taken' }),
});

/** The values of the chart `helm/agent-runtime`, which deploys one agent; `values.schema.json` is made from it. */
export const AgentRuntimeValues = z
  .strictObject({
    global: z.record(z.string(), z.unknown()).optional().meta({ description: 'Added by Helm; not read' }),
    identity: Identity,
    image: ImageReference.meta({
      description: 'Full reference with tag or digest',
      allOf: [{ pattern: '(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[a-f0-9]{64})$' }],
    }),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
    imagePullSecrets: z.array(z.string().regex(DNS_SUBDOMAIN)).max(10).default([]),
    framework: AgentFramework,
    replicas: z.int().min(0).max(MAX_REPLICAS).default(1).meta({
      description: 'Pods. 0 stops the agent, autoscaling or not; above 0 autoscaling decides, if it is on',
    }),
    autoscaling: Autoscaling.nullable().default(null),
    resources: Resources,
    env: z.array(PlainVariable).max(100).default([]),
    secretEnv: z.array(SecretVariable).max(100).default([]),
    governance: GovernanceEndpoints,
    networking: Networking.prefault({}),
    probes: Probes.prefault({}),
    terminationGracePeriodSeconds: z.int().min(0).max(3600).default(10),
    progressDeadlineSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(300)
      .meta({ description: 'Seconds without progress after which Kubernetes calls a rollout failed' }),
    serviceAccount: ServiceAccount.prefault({}),
    podDisruptionBudget: PodDisruptionBudget.prefault({}),
    scheduling: Scheduling.prefault({}),
    runtimeClassName: z.string().regex(DNS_SUBDOMAIN).nullable().default(null).meta({
      description: 'RuntimeClass of the pods, e.g. one of gVisor or Kata; the node’s own when null',
    }),
    gpu: Gpu.nullable().default(null),
    podLabels: z
      .record(UserKey, z.string().regex(LABEL_VALUE))
      .default({})
      .meta({ description: 'Further labels of the pods, e.g. those a compliance rule asks for' }),
  })
  .refine(values => hasUniqueNames([...values.env, ...values.secretEnv]), {
    path: ['env'],
    message: 'names must be unique over env and secretEnv',
  })
  .meta({ title: 'Values of agent-runtime' });

/** Complete values, every default filled in. */
export type AgentRuntimeValues = z.infer<typeof AgentRuntimeValues>;

/** What a caller has to write: everything with a default may be left out. */
export type AgentRuntimeValuesInput = z.input<typeof AgentRuntimeValues>;

/** The text of the chart's `values.schema.json`, which Helm enforces on install, upgrade, template and lint. */
export function agentRuntimeValuesJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(AgentRuntimeValues, { io: 'input' }), undefined, 2)}\n`;
}
