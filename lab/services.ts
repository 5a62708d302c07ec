import { join } from 'node:path';
import { auditSettings } from './audit-settings.ts';
import { type LabContext, partEnvironment, startPart, together } from './context.ts';
import { answersOk } from './loopback.ts';
import { choosePort } from './ports.ts';
import type { RunningProcess } from './process.ts';
import { partReport } from './progress.ts';
import { repositoryRoot } from './root.ts';

/** What RuntimeAI's own processes need to know of the parts they run on. */
export interface ServiceSettings {
  readonly databaseUrl: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly uiUrl?: string };
  readonly cluster: {
    readonly kubeconfigPath: string;
    readonly contextName: string;
    readonly helmPath: string;
  };
  /** What the kinds of runtime need, by the name of the variable; none on a cluster that is not the lab's. */
  readonly kinds?: Readonly<Record<string, string>>;
  /** Further settings by the name of their variable. */
  readonly more?: Readonly<Record<string, string>>;
}

export type ServiceName = 'api' | 'control' | 'cluster' | 'observer';

/** The four processes of RuntimeAI, kept running as Kubernetes would. */
export interface Services {
  readonly apiUrl: string;
  pid(name: ServiceName): number | undefined;
  /** Starts one process again with other settings. */
  replace(name: ServiceName, change: Partial<ServiceSettings>): Promise<void>;
}

/** Short-lived objects of one deploy fit into the young generation: a quarter of the workers' time was its collection. */
const NODE_FLAGS = ['--enable-source-maps', '--min-semi-space-size=16', '--max-semi-space-size=32'];

const NAMES = ['observer', 'cluster', 'control', 'api'] as const;
const USUAL_PORTS: Readonly<Record<ServiceName, number>> = {
  api: 8080,
  control: 9101,
  cluster: 9102,
  observer: 9103,
};

/** Endpoints the sample agents are pointed at; a real installation sets its own. */
const SAMPLE_GOVERNANCE = {
  RUNTIMEAI_LLM_API_BASE_URL: 'http://llm-gateway.governance.svc:8080',
  RUNTIMEAI_GUARDRAILS_API_URL: 'http://guardrails.governance.svc:8080',
  RUNTIMEAI_SANDBOX_API_URL: 'http://sandbox.governance.svc:8080',
  RUNTIMEAI_DATA_ACCESS_API_URL: 'http://data-access.governance.svc:8080',
  RUNTIMEAI_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.observability.svc:4318',
};

/** Starts API, workers and observer, and answers once all are ready; they stop with the lab they belong to. */
export async function startServices(context: LabContext, settings: ServiceSettings): Promise<Services> {
  const ports = new Map<ServiceName, number>();
  for (const name of NAMES)
    ports.set(name, await choosePort({ name, usual: USUAL_PORTS[name], state: context.state }));
  const running = new Map<ServiceName, RunningProcess>();
  const start = async (context: LabContext, name: ServiceName, using: ServiceSettings) => {
    running.set(name, await startService(context, { name, port: ports.get(name) ?? 0, settings: using }));
  };
  await together(context, context => NAMES.map(name => start(context, name, settings)));
  return {
    apiUrl: `http://127.0.0.1:${ports.get('api')}`,
    pid: name => running.get(name)?.pid(),
    async replace(name, change) {
      await running.get(name)?.stop();
      await start(context, name, { ...settings, ...change });
    },
  };
}

async function startService(
  context: LabContext,
  { name, port, settings }: { name: ServiceName; port: number; settings: ServiceSettings },
): Promise<RunningProcess> {
  const say = partReport(name, context.report);
  const program = name === 'api' ? 'dist/api/main.js' : `dist/workers/${name}.js`;
  const started = await startPart(context, {
    name,
    command: process.execPath,
    args: [...NODE_FLAGS, program],
    cwd: repositoryRoot(),
    env: environment(context, { name, port, settings }),
    ready: () => answersOk(`http://127.0.0.1:${port}/ready`),
    readyWithinSeconds: 60,
    stopWithinSeconds: 8,
    stopOrder: -1,
  });
  say('ready', `http://127.0.0.1:${port}${name === 'api' ? '' : '/metrics'}`);
  return started;
}

function environment(
  context: LabContext,
  { name, port, settings }: { name: ServiceName; port: number; settings: ServiceSettings },
): NodeJS.ProcessEnv {
  const { databaseUrl, temporal, cluster, kinds, more } = settings;
  return partEnvironment(context, {
    ...SAMPLE_GOVERNANCE,
    RUNTIMEAI_DATABASE_URL: databaseUrl,
    RUNTIMEAI_TEMPORAL_ADDRESS: temporal.address,
    RUNTIMEAI_TEMPORAL_NAMESPACE: temporal.namespace,
    ...(temporal.uiUrl ? { RUNTIMEAI_TEMPORAL_UI_URL: temporal.uiUrl } : {}),
    RUNTIMEAI_KUBECONFIG: cluster.kubeconfigPath,
    RUNTIMEAI_KUBE_CONTEXT: cluster.contextName,
    RUNTIMEAI_HELM: cluster.helmPath,
    RUNTIMEAI_CHART: join(repositoryRoot(), 'helm/agent-runtime'),
    RUNTIMEAI_DEFAULT_AGENT_IMAGE: 'runtimeai.dev/sample-agent:1.0.0',
    RUNTIMEAI_SHUTDOWN_GRACE_SECONDS: '5',
    RUNTIMEAI_NODE_METRICS: 'true',
    ...(name === 'control' ? auditSettings(context.dataDir) : {}),
    [name === 'api' ? 'RUNTIMEAI_API_PORT' : 'RUNTIMEAI_METRICS_PORT']: String(port),
    ...kinds,
    ...more,
  });
}
