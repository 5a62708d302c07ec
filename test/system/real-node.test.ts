import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Evidence } from '../../domain/deployment.ts';
import { GOVERNANCE_ENDPOINT_VARIABLES } from '../../domain/rules/governed-variables.ts';
import { agentPod } from './by-hand.ts';
import { must } from './caller.ts';
import { eventually } from './eventually.ts';
import { hasRealNode, type System, startSystem } from './system.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

const CRASHING = '1.3.0-crashes-after-3s';
/** Longer than the crashing agent lives, so that it is never taken for well. */
const TERMS = { verification: { timeout_seconds: 60, soak_seconds: 5 } };

const isReal = hasRealNode();
if (!isReal) console.log('skipped: the lab has no real node here (it needs root, containerd and runc)');

describe.skipIf(!isReal).concurrent('on a real node', () => {
  let system: System;
  const developer = () => system.open.people.developer;
  const keyOf = (release: string) => ({ namespace: system.open.namespaceOf(), release });

  beforeAll(async () => {
    system = await startSystem({ nodes: 'real' });
  });

  afterAll(() => system?.stop());

  it('the agent runs restricted, with the governed endpoints in its environment', async () => {
    const { id } = await developer().running('governed', { version: '1.0.0', agent: { replicas: 1 } });
    const [pod] = await podsOf(id);
    const answer = await fetch(`http://${textOf(fieldsOf(pod?.['status'])['podIP'])}:8080/`);
    expect(await answer.json()).toEqual({ name: 'governed', version: '1.0.0', tenant: system.open.id });

    const environment = environmentOf(`AGENT_ID=${id}`);
    expect([...environment.keys()]).toEqual(
      expect.arrayContaining([...Object.values(GOVERNANCE_ENDPOINT_VARIABLES), 'AGENT_NAME', 'TENANT_ID']),
    );
    expect(environment.get('LLM_API_BASE_URL')).toBe('http://llm-gateway.governance.svc:8080');

    expect(fieldsOf(pod?.['spec'])['securityContext']).toMatchObject({ runAsNonRoot: true });
    const [container] = listOf(fieldsOf(pod?.['spec'])['containers']);
    expect(container?.['securityContext']).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    await expect(system.kubernetes.create(privilegedPod())).rejects.toThrow(
      /violates PodSecurity "restricted/,
    );
    await eventually({
      what: 'the API calls it healthy',
      read: () => developer().health(id),
      until: ({ health, state }) => health === 'ok' && state === 'running',
    });
  });

  it('the status says what the agent really uses', async () => {
    const { id } = await developer().running('measured', { version: '1.0.0', agent: { replicas: 1 } });
    const { signals } = await eventually({
      what: 'CPU and memory of the agent are known',
      read: () => developer().health(id),
      until: ({ signals }) => 'cpu' in signals && 'memory' in signals,
      seconds: 90,
    });
    expect(signals['cpu']).toMatchObject({ unit: 'cores', value: expect.any(Number) });
    expect(signals['memory']?.value).toBeGreaterThan(0);
    expect(signals).toMatchObject({ restarts: { value: 0 }, ready_ratio: { value: 1 }, last_deploy: {} });
  });

  it('the kubelet asks the probes: a slow start is refused at first, and succeeds', async () => {
    const runtime = await developer().running('slow', {
      version: '1.4.0-slow-start-5s',
      agent: { replicas: 1 },
    });
    const [pod] = await podsOf(runtime.id);
    const log = await system.kubernetes.readLog({
      namespace: keyOf('slow').namespace,
      pod: pod?.metadata.name ?? '',
      container: textOf(listOf(fieldsOf(pod?.['spec'])['containers'])[0]?.['name']),
      previous: false,
      tailLines: 100,
      limitBytes: 50_000,
    });
    expect(log).toContain('startup: model still loading');
    expect(await system.releases.revisions(keyOf('slow'))).toEqual(['1 deployed']);
  });

  it('a version that never becomes ready goes back, with the probe and the log in the evidence', async () => {
    const { id } = await developer().running('unready', { version: '1.0.0', agent: { replicas: 1 } });
    const wish = {
      version: '1.2.0-never-ready',
      agent: { replicas: 1 },
      request: { verification: { timeout_seconds: 8, soak_seconds: 0 } },
    };
    const evidence = await evidenceOf((await developer().begin(id, wish)).id, 'rolled_back');
    expect(evidence.pods[0]?.failed_probe).toMatch(/Readiness probe failed.*503/);
    expect(evidence.pods[0]?.logs.join('\n')).toContain('ready: knowledge base not reachable');
    expect(evidence.reason).toMatch(/readiness probe \/ready answered 503/);
    expect(await serving(id)).toBe('1.0.0');
  });

  it('a version that crashes is recognised long before its time is up, and goes back', async () => {
    const { id } = await developer().running('crashing', { version: '1.0.0', agent: { replicas: 1 } });
    const wish = { version: CRASHING, agent: { replicas: 1 }, request: TERMS };
    const operation = await developer().begin(id, wish);
    const evidence = await evidenceOf(operation.id, 'rolled_back');
    const { created_at, finished_at } = await developer().operation(operation.id);
    const seconds = (Date.parse(finished_at ?? '') - Date.parse(created_at)) / 1000;
    expect(seconds).toBeLessThan(TERMS.verification.timeout_seconds);
    expect(evidence.pods[0]?.reason).toMatch(/CrashLoopBackOff/);
    expect(evidence.pods[0]?.restarts).toBeGreaterThanOrEqual(2);
    expect(evidence.pods[0]?.logs.join('\n')).toContain('crash: the tool registry closed the connection');
    expect(evidence.reason).toMatch(/exit code 1 .*tool registry/);
    expect(await serving(id)).toBe('1.0.0');
  });

  it('a first install that crashes is removed once its evidence is kept', async () => {
    const wish = { version: CRASHING, agent: { replicas: 1 }, request: TERMS };
    const runtime = must(201, await developer().create('stillborn', wish));
    const evidence = await evidenceOf(runtime.operation_id ?? '', 'failed');
    expect(evidence.pods[0]?.logs.join('\n')).toContain('crash: the tool registry');
    expect(await system.releases.revisions(keyOf('stillborn'))).toEqual([]);
    expect(await developer().runtime(runtime.id)).toMatchObject({ state: 'error', hold: null });
  });

  it('a first install that crashes stays with keep_failed, and the next deploy mends it', async () => {
    const request = { ...TERMS, keep_failed: true };
    const wish = { version: CRASHING, agent: { replicas: 1 }, request };
    const runtime = must(201, await developer().create('kept', wish));
    const operation = await developer().ends(runtime.operation_id ?? '', 'failed');
    expect(operation.progress?.message).toContain('left in the cluster as asked (keep_failed)');
    expect(await system.releases.revisions(keyOf('kept'))).toEqual(['1 deployed']);
    expect(await podsOf(runtime.id)).toHaveLength(1);
    const mended = await developer().begin(runtime.id, { version: '1.0.0', agent: { replicas: 1 } });
    await developer().ends(mended.id, 'succeeded');
    expect(await serving(runtime.id)).toBe('1.0.0');
  });

  it('an image that does not exist fails with its name, and nothing is left', async () => {
    const wish = { version: '9.9.9', agent: { replicas: 1 }, request: TERMS };
    const runtime = must(201, await developer().create('imageless', wish));
    const evidence = await evidenceOf(runtime.operation_id ?? '', 'failed');
    expect(evidence.reason).toMatch(/(ErrImagePull|ImagePullBackOff).*sample-agent:9\.9\.9/);
    expect(await system.releases.revisions(keyOf('imageless'))).toEqual([]);
  });

  async function evidenceOf(operationId: string, outcome: 'failed' | 'rolled_back'): Promise<Evidence> {
    const { deployment_id } = await developer().ends(operationId, outcome, 90);
    const { evidence } = await developer().deployment(deployment_id);
    if (!evidence) throw new Error(`${deployment_id} kept no evidence`);
    return evidence;
  }

  async function podsOf(runtimeId: string): Promise<readonly KubernetesObject[]> {
    const { namespace } = keyOf('');
    const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
    const pods = await system.kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
    return pods.filter(pod => pod.metadata.deletionTimestamp === undefined);
  }

  /** The version that answers on the addresses of the runtime’s pods. */
  async function serving(runtimeId: string): Promise<string> {
    const versions = (await podsOf(runtimeId)).map(async pod => {
      const answer = await fetch(`http://${textOf(fieldsOf(pod['status'])['podIP'])}:8080/`);
      return ((await answer.json()) as { version: string }).version;
    });
    return [...new Set(await Promise.all(versions))].join(', ');
  }

  function privilegedPod(): KubernetesObject {
    const pod = agentPod({ namespace: keyOf('').namespace, name: 'privileged', cpu: '10m' });
    const spec = fieldsOf(pod['spec']);
    const containers = listOf(spec['containers']).map(one => ({
      ...one,
      securityContext: { privileged: true },
    }));
    return { ...pod, spec: { ...spec, containers } };
  }
});

/** The environment of the process on this machine that has the mark in it: what the agent really sees. */
function environmentOf(mark: string): Map<string, string> {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const variables = readEnvironment(pid);
    if (variables.includes(mark))
      return new Map(
        variables.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
  }
  throw new Error(`no process has ${mark} in its environment`);
}

function readEnvironment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch (error) {
    // It ended meanwhile, or is a kernel thread.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
