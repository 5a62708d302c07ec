/** The platform's endpoint of each governance setting, by the environment variable an agent finds it in. */
export const GOVERNANCE_ENDPOINT_VARIABLES = {
  llmApiBaseUrl: 'LLM_API_BASE_URL',
  guardrailsApiUrl: 'GUARDRAILS_API_URL',
  sandboxApiUrl: 'SANDBOX_API_URL',
  dataAccessApiUrl: 'DATA_ACCESS_API_URL',
  otelExporterOtlpEndpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
} as const;

const IDENTITY_VARIABLES = ['AGENT_ID', 'AGENT_NAME', 'TENANT_ID'] as const;

/**
 * The OpenTelemetry specification lets the endpoint of one signal win over the endpoint of all
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/), so setting one would undo the wiring.
 */
const SIGNAL_ENDPOINT_VARIABLES = [
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
  'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
] as const;

/** What only the platform sets in an agent, or would turn aside what the platform sets. */
export const GOVERNED_VARIABLES: readonly string[] = [
  ...Object.values(GOVERNANCE_ENDPOINT_VARIABLES),
  ...IDENTITY_VARIABLES,
  ...SIGNAL_ENDPOINT_VARIABLES,
];
