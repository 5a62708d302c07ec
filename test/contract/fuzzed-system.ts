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

const TENANTS = { FUZZ_KEY: 'fuzzed', FUZZ_POLICY_KEY: 'governed' } as const;

/** Starts everything on simulated nodes; the limit on requests is off, because the fuzzer is one caller. */
export async function startFuzzedSystem(options: {
  dataDir: string;
  signal: AbortSignal;
  report: Report;
}): Promise<FuzzedSystem> {
  const lab = await startLab({ ...options, nodes: 'simulated' });
  try {
    const keys = await makeTenants(lab.postgres.ownerUrl);
    const { apiUrl } = await startServices(lab.context, {
      databaseUrl: lab.postgres.appUrl,
      temporal: lab.temporal,
      cluster: lab.cluster,
      more: {
        RUNTIMEAI_RATE_LIMIT_PER_MINUTE: '0',
        RUNTIMEAI_AGENT_SCHEDULING: JSON.stringify(simulatedScheduling),
      },
    });
    const things = await makeThings(new Caller(apiUrl, keys.FUZZ_KEY));
    const policies = await makePolicies(new Caller(apiUrl, keys.FUZZ_POLICY_KEY));
    const variables = { ...keys, ...things, ...policies };
    return { apiUrl, variables, stop: () => lab.stop() };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

type Keys = Record<keyof typeof TENANTS, string>;

async function makeTenants(ownerUrl: string): Promise<Keys> {
  await migrate(ownerUrl);
  const owner = openAsOwner(ownerUrl);
  const keyOf = async (tenantId: string) => {
    await createTenant(owner, { tenantId, policies: [STARTER_POLICIES.open] });
    const who = { name: 'fuzzer', kind: 'agent', roles: ['tenant_admin'], installation: 'fuzz' } as const;
    const { token } = await createApiKey(owner, { ...who, roles: [...who.roles], tenantId });
    return token;
  };
  try {
    const [FUZZ_KEY, FUZZ_POLICY_KEY] = [await keyOf(TENANTS.FUZZ_KEY), await keyOf(TENANTS.FUZZ_POLICY_KEY)];
    return { FUZZ_KEY, FUZZ_POLICY_KEY };
  } finally {
    await owner.close();
  }
}

const ALLOWING = {
  name: 'restarts',
  rules: [{ kind: 'allow_action', selector: { action: 'lifecycle.restart' } }],
};
const GUARDING = {
  name: 'guarded',
  rules: [{ kind: 'require_approval', selector: { project: 'guarded' } }],
};

/** A runtime to work on, another to delete, and one whose first deploy waits for an approval. */
async function makeThings(api: Caller): Promise<Record<string, string>> {
  const [runtime, doomed] = await Promise.all([
    api.post('/runtimes', createRequest('fuzzed')),
    api.post('/runtimes', createRequest('doomed')),
  ]);
  await Promise.all([runtime, doomed].map(each => api.get(`/operations/${each['operation_id']}?wait=60`)));
  const intent = await api.post(`/runtimes/${runtime['id']}/intent`, { goal: 'scale to 2', dry_run: true });
  await api.post('/policies', GUARDING);
  const waiting = await api.post('/runtimes', { ...createRequest('waiting'), project: 'guarded' });
  const operation = await api.get(`/operations/${waiting['operation_id']}`);
  return {
    FUZZ_RUNTIME: String(runtime['id']),
    FUZZ_DOOMED_RUNTIME: String(doomed['id']),
    FUZZ_INTENT: String(intent['intent_id']),
    FUZZ_OPERATION: String(operation['id']),
    FUZZ_DEPLOYMENT: String(operation['deployment_id']),
    FUZZ_APPROVAL: String(operation['approval_id']),
  };
}

/** A policy to read, and another to delete. */
async function makePolicies(api: Caller): Promise<Record<string, string>> {
  const [kept, doomed] = [
    await api.post('/policies', ALLOWING),
    await api.post('/policies', { ...ALLOWING, name: 'doomed' }),
  ];
  return { FUZZ_POLICY: String(kept['id']), FUZZ_DOOMED_POLICY: String(doomed['id']) };
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
