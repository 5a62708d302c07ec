import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { connectKubernetes } from '../../clients/kubernetes/connection.ts';
import { createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { openAsOwner } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import type { SlotQuota } from '../../domain/tenant.ts';
import { ApiClient } from '../../lab/api-client.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { Report } from '../../lab/progress.ts';
import { startServices } from '../../lab/services.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import { OurSide } from './our-side.ts';
import { RawHelm } from './raw-helm.ts';

/** Everything that is measured, on one throw-away system. */
export interface World {
  readonly lab: Lab;
  readonly ours: OurSide;
  /** Where the API listens, and the key and tenant everything is asked for with. */
  readonly apiUrl: string;
  readonly key: string;
  readonly tenantId: string;
  readonly client: ApiClient;
  readonly helm: RawHelm;
  readonly kubernetes: KubernetesClient;
  readonly temporal: Client;
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** Process ids of the system's parts, by name. */
  pids(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Enough for everything one run deploys; the same numbers bound both namespaces. */
const QUOTA: SlotQuota = { cpu: 500, memoryMiB: 512 * 1024, pods: 5000, storageGiB: 100 };
const TENANT = 'bench';

const GOVERNANCE = {
  llmApiBaseUrl: 'http://llm-gateway.governance.svc:8080',
  guardrailsApiUrl: 'http://guardrails.governance.svc:8080',
  sandboxApiUrl: 'http://sandbox.governance.svc:8080',
  dataAccessApiUrl: 'http://data-access.governance.svc:8080',
  otelExporterOtlpEndpoint: 'http://otel-collector.observability.svc:4318',
};

/** Starts the lab with simulated nodes on a data directory of its own, RuntimeAI on it, and prepares both sides. */
export async function startWorld({
  report,
  signal,
}: {
  report: Report;
  signal: AbortSignal;
}): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-bench-'));
  const lab = await startLab({ dataDir, nodes: 'simulated', report, signal });
  const stop = async () => {
    await lab.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    return await prepare(lab, { signal, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepare(
  lab: Lab,
  { signal, stop }: { signal: AbortSignal; stop: () => Promise<void> },
): Promise<World> {
  const { ownerUrl, appUrl } = lab.postgres;
  const key = await makeTenant(ownerUrl);
  const services = await startServices(lab.context, {
    databaseUrl: appUrl,
    temporal: lab.temporal,
    cluster: lab.cluster,
    more: settings(),
  });
  const { kubeconfigPath: kubeconfig, contextName: context, helmPath } = lab.cluster;
  const kubernetes = createKubernetesClient(await connectKubernetes({ kubeconfig, context }));
  const temporal = createTemporalClient(lab.temporal);
  const helm = new RawHelm({
    binary: helmPath,
    kubeconfig,
    context,
    folder: join(lab.context.dataDir, 'raw-helm'),
    governance: GOVERNANCE,
    tenantId: TENANT,
    signal,
  });
  await helm.makeNamespace(kubernetes, QUOTA);
  return {
    lab,
    ours: new OurSide({ apiUrl: services.apiUrl, key, signal }),
    apiUrl: services.apiUrl,
    key,
    tenantId: TENANT,
    client: new ApiClient(services.apiUrl, key),
    helm,
    kubernetes,
    temporal,
    ownerUrl,
    appUrl,
    pids: () =>
      Object.fromEntries(lab.context.state.read().processes.map(({ name, pid }) => [name, pid] as const)),
    async stop() {
      await temporal.connection.close();
      kubernetes.connection.close();
      await stop();
    },
  };
}

async function makeTenant(ownerUrl: string): Promise<string> {
  await migrate(ownerUrl);
  const owner = openAsOwner(ownerUrl);
  try {
    await createTenant(owner, { tenantId: TENANT, policies: [STARTER_POLICIES.open] });
    const { token } = await createApiKey(owner, {
      tenantId: TENANT,
      installation: 'dev',
      name: 'bench',
      roles: ['developer'],
    });
    return token;
  } finally {
    await owner.close();
  }
}

function settings(): Record<string, string> {
  return {
    RUNTIMEAI_SLOT_QUOTA: JSON.stringify(QUOTA),
    // Requests are counted and their headers written as ever, but one key asks for more than people do.
    RUNTIMEAI_RATE_LIMIT_PER_MINUTE: '100000000',
    RUNTIMEAI_LLM_API_BASE_URL: GOVERNANCE.llmApiBaseUrl,
    RUNTIMEAI_GUARDRAILS_API_URL: GOVERNANCE.guardrailsApiUrl,
    RUNTIMEAI_SANDBOX_API_URL: GOVERNANCE.sandboxApiUrl,
    RUNTIMEAI_DATA_ACCESS_API_URL: GOVERNANCE.dataAccessApiUrl,
    RUNTIMEAI_OTEL_EXPORTER_OTLP_ENDPOINT: GOVERNANCE.otelExporterOtlpEndpoint,
  };
}
