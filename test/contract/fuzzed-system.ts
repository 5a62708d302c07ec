import { openAsOwner } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import { startLab } from '../../lab/lab.ts';
import type { Report } from '../../lab/progress.ts';
import { startServices } from '../../lab/services.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';

/** RuntimeAI with one tenant, and things in it for the fuzzer to find. */
export interface FuzzedSystem {
  readonly apiUrl: string;
  /** What schemathesis.toml refers to. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const TENANT = 'fuzzed';

/** Starts everything on simulated nodes; the limit on requests is off, because the fuzzer is one caller. */
export async function startFuzzedSystem(options: {
  dataDir: string;
  signal: AbortSignal;
  report: Report;
}): Promise<FuzzedSystem> {
  const lab = await startLab({ ...options, nodes: 'simulated' });
  try {
    const key = await makeTenant(lab.postgres.ownerUrl);
    const { apiUrl } = await startServices(lab.context, {
      databaseUrl: lab.postgres.appUrl,
      temporal: lab.temporal,
      cluster: lab.cluster,
      more: {
        RUNTIMEAI_RATE_LIMIT_PER_MINUTE: '0',
        RUNTIMEAI_AGENT_SCHEDULING: JSON.stringify(simulatedScheduling),
      },
    });
    const things = await makeThings(apiUrl, key);
    return { apiUrl, variables: { FUZZ_KEY: key, ...things }, stop: () => lab.stop() };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function makeTenant(ownerUrl: string): Promise<string> {
  await migrate(ownerUrl);
  const owner = openAsOwner(ownerUrl);
  try {
    await createTenant(owner, { tenantId: TENANT, policies: [STARTER_POLICIES.open] });
    const { token } = await createApiKey(owner, {
      tenantId: TENANT,
      installation: 'fuzz',
      name: 'fuzzer',
      kind: 'agent',
      roles: ['tenant_admin'],
    });
    return token;
  } finally {
    await owner.close();
  }
}

/** A runtime to work on, another to delete, and one whose deploy waits for an approval. */
async function makeThings(apiUrl: string, key: string): Promise<Record<string, string>> {
  const api = new Caller(apiUrl, key);
  const runtime = await api.post('/runtimes', createRequest('fuzzed'));
  const doomed = await api.post('/runtimes', createRequest('doomed'));
  await api.get(`/operations/${runtime['operation_id']}?wait=60`);
  await api.get(`/operations/${doomed['operation_id']}?wait=60`);
  const approval = await api.post('/policies', {
    name: 'approvals',
    rules: [{ kind: 'require_approval', selector: { project: 'guarded' } }],
  });
  const waiting = await api.post('/runtimes', { ...createRequest('waiting'), project: 'guarded' });
  const operation = await api.get(`/operations/${waiting['operation_id']}`);
  return {
    FUZZ_RUNTIME: String(runtime['id']),
    FUZZ_DOOMED: String(doomed['id']),
    FUZZ_POLICY: String(approval['id']),
    FUZZ_OPERATION: String(operation['id']),
    FUZZ_DEPLOYMENT: String(operation['deployment_id']),
    FUZZ_APPROVAL: String(operation['approval_id']),
  };
}

function createRequest(name: string): object {
  const agent = { framework: { name: 'custom' }, image: 'runtimeai.dev/sample-agent:1.0.0', replicas: 1 };
  return { name, type: 'agent_runtime', spec: { agent } };
}

class Caller {
  readonly #apiUrl: string;
  readonly #key: string;

  constructor(apiUrl: string, key: string) {
    this.#apiUrl = apiUrl;
    this.#key = key;
  }

  post(path: string, body: object): Promise<Record<string, unknown>> {
    return this.#call(path, { method: 'POST', body: JSON.stringify(body) });
  }

  get(path: string): Promise<Record<string, unknown>> {
    return this.#call(path, {});
  }

  async #call(path: string, init: RequestInit): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.#apiUrl}/v1${path}`, { ...init, headers });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status} while preparing: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}
