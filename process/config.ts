import { z } from 'zod';
import { ImageReference } from '../domain/agent-config.ts';
import { GovernanceEndpoint, GovernanceEndpoints, Scheduling } from '../domain/chart-values.ts';
import { IdentitySettings } from '../domain/identity.ts';
import { PriceTable } from '../domain/price-table.ts';
import { SlotQuota } from '../domain/tenant.ts';
import { ADAPTER_SETTINGS } from './adapter-settings.ts';
import { json } from './setting.ts';

const Port = z.coerce.number().int().min(0).max(65_535);
const Url = z.url({ protocol: /^https?$/ });

/** Every setting, by the name of its environment variable. `docs/configuration.md` is made from this. */
export const Settings = z.object({
  RUNTIMEAI_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe(
      'PostgreSQL, as the application role. The role must be neither superuser nor BYPASSRLS nor owner of the tables; the process refuses to start otherwise.',
    ),
  RUNTIMEAI_DATABASE_OWNER_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('PostgreSQL, as the owner of the tables. Only migrations and `npm run admin` use it.'),
  RUNTIMEAI_TEMPORAL_ADDRESS: z
    .string()
    .default('127.0.0.1:7233')
    .describe('host:port of the Temporal frontend.'),
  RUNTIMEAI_TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace.'),
  RUNTIMEAI_TEMPORAL_UI_URL: Url.optional().describe(
    'Base address of the Temporal Web UI; operations link to it.',
  ),
  RUNTIMEAI_KUBECONFIG: z
    .string()
    .optional()
    .describe(
      'Kubeconfig of the cluster that runs the agents. Without it the pod’s own service account is used. A kubeconfig that is not named here is never read.',
    ),
  RUNTIMEAI_KUBE_CONTEXT: z.string().optional().describe('Context within that kubeconfig.'),
  RUNTIMEAI_HELM: z.string().default('helm').describe('Helm 4.2 or newer: name on PATH or full path.'),
  RUNTIMEAI_CHART: z
    .string()
    .default('helm/agent-runtime')
    .describe('Folder of the chart that deploys an agent.'),
  RUNTIMEAI_API_HOST: z.string().default('127.0.0.1').describe('Address the API listens on.'),
  RUNTIMEAI_API_PORT: Port.default(8080).describe('Port the API listens on.'),
  RUNTIMEAI_RATE_LIMIT_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(0)
    .max(100_000_000)
    .default(6000)
    .describe(
      'How many requests per minute each API process answers for one key, and for one address without a good key; what is beyond is 429. 0 is no limit. Health, metrics, the document and its page are not counted.',
    ),
  RUNTIMEAI_STEP_TIMEOUT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(7200)
    .default(600)
    .describe(
      'How long one step of a change (start, stop, scale, snapshot, …) may take until it is true in the cluster; what takes longer is taken back.',
    ),
  RUNTIMEAI_INTENT_SOAK_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3600)
    .default(10)
    .describe(
      'How long a runtime is watched after the last step of an intent; when it is worse off than before, all of it is taken back.',
    ),
  RUNTIMEAI_DEFAULT_AGENT_IMAGE: ImageReference.optional().describe(
    'Image of an agent whose request names none; without it such a request is refused.',
  ),
  RUNTIMEAI_METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address the workers serve /metrics and /live, /ready on.'),
  RUNTIMEAI_METRICS_PORT: Port.default(0).describe(
    'Port for the workers’ /metrics, /live and /ready; 0 takes a free one and logs it. The API serves them on its own port.',
  ),
  RUNTIMEAI_INSTALLATION: z
    .string()
    .regex(/^[a-z0-9]{1,12}$/)
    .default('dev')
    .describe('Short name of this installation; part of every API key it makes.'),
  RUNTIMEAI_IDENTITY: json(IdentitySettings)
    .optional()
    .describe(
      'JSON {issuers: […]}: whose tokens (OIDC access tokens) are taken, how they are checked and what their claims give. docs/identity.md describes every field. Without it only API keys are taken.',
    ),
  RUNTIMEAI_IDENTITY_FILE: z.string().optional().describe('The same as a YAML file; give one of the two.'),
  RUNTIMEAI_DEV_ISSUER_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'Key of the issuer that is built in for development (`npm run admin -- token`). Whoever can read the file can be anybody of any tenant: never set it in production.',
    ),
  RUNTIMEAI_LLM_API_BASE_URL: GovernanceEndpoint.optional().describe(
    'Governed LLM gateway, injected into every agent. Deploys are refused while it or one of the next four is missing.',
  ),
  RUNTIMEAI_GUARDRAILS_API_URL: GovernanceEndpoint.optional().describe(
    'Guardrails service, injected into every agent.',
  ),
  RUNTIMEAI_SANDBOX_API_URL: GovernanceEndpoint.optional().describe(
    'Code sandbox service, injected into every agent.',
  ),
  RUNTIMEAI_DATA_ACCESS_API_URL: GovernanceEndpoint.optional().describe(
    'Data access service, injected into every agent.',
  ),
  RUNTIMEAI_OTEL_EXPORTER_OTLP_ENDPOINT: GovernanceEndpoint.optional().describe(
    'OpenTelemetry collector, injected into every agent.',
  ),
  RUNTIMEAI_AGENT_REGISTRY: z
    .string()
    .regex(/^[a-z0-9.-]+(:[0-9]+)?$/)
    .optional()
    .describe(
      'Registry every agent image is rewritten to (system default registry), e.g. registry.example.com.',
    ),
  RUNTIMEAI_AGENT_SCHEDULING: json(Scheduling)
    .optional()
    .describe('JSON {nodeSelector, tolerations} of every agent pod.'),
  ...ADAPTER_SETTINGS,
  RUNTIMEAI_SLOT_QUOTA: json(SlotQuota)
    .optional()
    .describe(
      'JSON {cpu, memoryMiB, pods, storageGiB}: quota of a new project. Default {"cpu":16,"memoryMiB":32768,"pods":50,"storageGiB":100}.',
    ),
  RUNTIMEAI_PRICES: json(PriceTable)
    .optional()
    .describe(
      'JSON {cpuHour, gibHour, gpuHour, storageGibMonth, sizes, unit}: what resources cost, for budgets, plans and cost differences; the same for all processes. docs/policies.md explains it. Default: relative units, {"cpuHour":9,"gibHour":1,"gpuHour":300,"storageGibMonth":30,"unit":"relative units"}.',
    ),
  RUNTIMEAI_FACTS_MAX_AGE_SECONDS: z.coerce
    .number()
    .int()
    .min(2)
    .max(600)
    .default(15)
    .describe('Age at which what the observer saw no longer counts and health becomes unknown.'),
  RUNTIMEAI_NODE_METRICS: z
    .enum(['true', 'false'])
    .default('false')
    .transform(word => word === 'true')
    .describe(
      'Whether the observer may ask the kubelets for CPU and memory where the cluster has no metrics API (metrics.k8s.io); it then needs the permission nodes/proxy.',
    ),
  RUNTIMEAI_AUDIT_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'File with the Ed25519 private key that signs the checkpoints of the audit; `npm run admin -- audit key` makes one. Without it records are written and not sealed. Workers for control read it.',
    ),
  RUNTIMEAI_AUDIT_FORMER_KEYS: z
    .string()
    .default('')
    .transform(text => text.split(/\s+/).filter(Boolean))
    .describe(
      'Public keys by which earlier checkpoints were signed, as `audit key` printed them, with spaces between.',
    ),
  RUNTIMEAI_AUDIT_ANCHOR: z
    .string()
    .optional()
    .describe(
      'Where checkpoints are kept outside the database: a folder (better on another machine), or the http(s) address of an object store that takes PUT. Without it a database that was rewritten or restored cannot be told.',
    ),
  RUNTIMEAI_SHUTDOWN_GRACE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(600)
    .default(20)
    .describe('How long a process lets running work end after SIGTERM.'),
  RUNTIMEAI_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe level that is logged.'),
});
export type Settings = z.infer<typeof Settings>;

export const DEFAULT_SLOT_QUOTA: SlotQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };

/** Reads all settings from the environment once; the error names every bad or missing variable. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('RUNTIMEAI_') && value !== ''),
  );
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The configuration is not usable:\n${lines.join('\n')}\nSee docs/configuration.md.`);
}

/** The five governed endpoints, or nothing while one of them is not set. */
export function governanceOf(settings: Settings): GovernanceEndpoints | undefined {
  return GovernanceEndpoints.safeParse({
    llmApiBaseUrl: settings.RUNTIMEAI_LLM_API_BASE_URL,
    guardrailsApiUrl: settings.RUNTIMEAI_GUARDRAILS_API_URL,
    sandboxApiUrl: settings.RUNTIMEAI_SANDBOX_API_URL,
    dataAccessApiUrl: settings.RUNTIMEAI_DATA_ACCESS_API_URL,
    otelExporterOtlpEndpoint: settings.RUNTIMEAI_OTEL_EXPORTER_OTLP_ENDPOINT,
  }).data;
}
