import { setTimeout as delay } from 'node:timers/promises';
import type { FuzzedKeys } from './fuzzed-keys.ts';

type Things = Readonly<Record<string, string>>;

/** Makes things for the fuzzer to find, so that not every call is answered by 404; those called doomed may go away. */
export async function makeThings(apiUrl: string, keys: FuzzedKeys): Promise<Things> {
  const fuzzer = new Caller(apiUrl, keys.FUZZ_KEY);
  const runtimes = await makeRuntimes(fuzzer);
  const delegations = await makeDelegations(new Caller(apiUrl, keys.FUZZ_APPROVER_KEY), keys.FUZZ_OWNER);
  const policies = await makePolicies(new Caller(apiUrl, keys.FUZZ_POLICY_KEY));
  const people = await makePeople(new Caller(apiUrl, keys.FUZZ_PEOPLE_KEY));
  return { ...runtimes, ...delegations, ...policies, ...people, FUZZ_AUDIT: await sealedRecord(fuzzer) };
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
async function makeRuntimes(api: Caller): Promise<Things> {
  const [runtime, doomed] = await Promise.all([
    api.post('/runtimes', createRequest('fuzzed')),
    api.post('/runtimes', createRequest('doomed')),
  ]);
  await Promise.all([runtime, doomed].map(each => api.get(`/operations/${each['operation_id']}?wait=60`)));
  const intent = await api.post(`/runtimes/${runtime['id']}/intent`, { goal: 'scale to 2', dry_run: true });
  await api.post('/policies', GUARDING);
  const waiting = await api.post('/runtimes', { ...createRequest('waiting'), project: 'guarded' });
  const operation = await waitFor(`an approval of operation ${waiting['operation_id']}`, async () => {
    const read = await api.get(`/operations/${waiting['operation_id']}`);
    return read['approval_id'] ? read : undefined;
  });
  return {
    FUZZ_RUNTIME: String(runtime['id']),
    FUZZ_DOOMED_RUNTIME: String(doomed['id']),
    FUZZ_INTENT: String(intent['intent_id']),
    FUZZ_OPERATION: String(operation['id']),
    FUZZ_DEPLOYMENT: String(operation['deployment_id']),
    FUZZ_APPROVAL: String(operation['approval_id']),
  };
}

async function makeDelegations(api: Caller, to: string): Promise<Things> {
  const until = new Date(Date.now() + 24 * 3600 * 1000).toISOString();
  return {
    FUZZ_DELEGATION: await api.make('/delegations', { to, until }),
    FUZZ_DOOMED_DELEGATION: await api.make('/delegations', { to, until }),
  };
}

async function makePolicies(api: Caller): Promise<Things> {
  return {
    FUZZ_POLICY: await api.make('/policies', ALLOWING),
    FUZZ_DOOMED_POLICY: await api.make('/policies', { ...ALLOWING, name: 'doomed' }),
  };
}

/** Members, keys (one of them to be rotated) and a project. */
async function makePeople(api: Caller): Promise<Things> {
  await api.post('/projects', { name: 'known' });
  return {
    FUZZ_PROJECT: 'known',
    FUZZ_TENANT: 'peopled',
    FUZZ_MEMBER: await api.make('/members', { name: 'known', kind: 'human' }),
    FUZZ_DOOMED_MEMBER: await api.make('/members', { name: 'doomed', kind: 'human' }),
    FUZZ_KEY_ID: await api.make('/keys', { name: 'known' }),
    FUZZ_TURNING_KEY_ID: await api.make('/keys', { name: 'turning' }),
    FUZZ_DOOMED_KEY_ID: await api.make('/keys', { name: 'doomed' }),
  };
}

/** A record whose proof can be asked for. */
async function sealedRecord(api: Caller): Promise<string> {
  const { items } = await api.get('/audit');
  const [newest] = items as { readonly id: string }[];
  if (!newest) throw new Error('GET /audit answered no record, though runtimes and policies were made.');
  return waitFor(`the seal of the audit record ${newest.id}`, async () =>
    (await api.takes(`/audit/${newest.id}/proof`)) ? newest.id : undefined,
  );
}

const PATIENCE_MS = 30_000;

async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(200);
  }
  throw new Error(
    `Waited ${PATIENCE_MS / 1000} s for ${what}, in vain. The logs tell what it was busy with.`,
  );
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

  /** Answers the id of what was made. */
  async make(path: string, body: object): Promise<string> {
    return String((await this.post(path, body))['id']);
  }

  post(path: string, body: object): Promise<Record<string, unknown>> {
    return this.#call(path, { method: 'POST', body: JSON.stringify(body) });
  }

  get(path: string): Promise<Record<string, unknown>> {
    return this.#call(path, {});
  }

  async takes(path: string): Promise<boolean> {
    return (await this.#fetch(path, {})).ok;
  }

  async #call(path: string, init: RequestInit): Promise<Record<string, unknown>> {
    const response = await this.#fetch(path, init);
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status} while preparing: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' };
    return fetch(`${this.#apiUrl}/v1${path}`, { ...init, headers });
  }
}
