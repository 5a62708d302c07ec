import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createReleaseActivities, type ReleaseActivities, type ReleaseInput } from '../../activities/helm.ts';
import { createHelm, type Helm } from '../../clients/helm/cli.ts';
import { createReleaseStorage, type Release, type ReleaseStorage } from '../../clients/helm/storage.ts';
import { connectKubernetes } from '../../clients/kubernetes/connection.ts';
import { diffObjects } from '../../clients/kubernetes/diff.ts';
import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import { ask, createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import type { Plan, ReleaseTarget } from '../../domain/deployment.ts';
import { newId } from '../../domain/ids.ts';
import { ROOMY } from '../builders/slot-quota.ts';
import { helmBinary } from '../chart/helm-binary.ts';

export const AGENT_CHART = new URL('../../helm/agent-runtime', import.meta.url).pathname;
/** A small chart whose image tag decides what goes wrong. */
export const TEST_CHART = new URL('charts/agent', import.meta.url).pathname;

export const GOVERNANCE = {
  llmApiBaseUrl: 'http://llm-gateway.governance.svc',
  guardrailsApiUrl: 'http://guardrails.governance.svc',
  sandboxApiUrl: 'http://sandbox.governance.svc',
  dataAccessApiUrl: 'http://data-access.governance.svc',
  otelExporterOtlpEndpoint: 'http://otel-collector.observability.svc:4317',
};

/** The real Helm and the real API server, and a namespace of its own to work in. */
export interface World {
  readonly kubernetes: KubernetesClient;
  readonly helm: Helm;
  readonly storage: ReleaseStorage;
  readonly namespace: string;
  /** The chart the activities use unless told otherwise. */
  readonly chart: string;
  readonly plans: Plan[];
  readonly log: string[];
  /** The activities, with a chart and whatever else a test wants different. */
  activities(changes?: { chart?: string; helm?: Helm }): ReleaseActivities;
  removeNamespace(): Promise<void>;
  close(): Promise<void>;
}

/** The kubeconfig of the API server the tests run against. */
export function testKubeconfig(): string {
  const kubeconfig = env['RUNTIMEAI_TEST_KUBECONFIG'];
  if (kubeconfig) return kubeconfig;
  throw new Error(
    'RUNTIMEAI_TEST_KUBECONFIG names no kubeconfig. Run the tests with `npm test`, which brings one up.',
  );
}

/** The driver of the real Helm; `kubeconfig` other than the tests' own to have it fail. */
export function testHelm(
  changes: { kubeconfig?: string; callTimeoutSeconds?: number; graceSeconds?: number } = {},
): Helm {
  const binary = env['RUNTIMEAI_TEST_HELM'] || helmBinary();
  return createHelm({ binary, kubeconfig: testKubeconfig(), environment: env, ...changes });
}

/** Connects and makes a namespace; one that is named must be there already. */
export async function createWorld(existing?: string): Promise<World> {
  const connection = await connectKubernetes({ kubeconfig: testKubeconfig() });
  const kubernetes = createKubernetesClient(connection);
  const namespace = existing ?? `rtai-acme--helm-${randomBytes(4).toString('hex')}`;
  if (existing === undefined)
    await kubernetes.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const helm = testHelm();
  const storage = createReleaseStorage(kubernetes);
  const removeNamespace = () => kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  const plans: Plan[] = [];
  const log: string[] = [];
  return {
    kubernetes,
    helm,
    storage,
    namespace,
    chart: TEST_CHART,
    plans,
    log,
    activities: (changes = {}) =>
      createReleaseActivities({
        helm: changes.helm ?? helm,
        storage,
        slots: { ensureSlot: async () => undefined },
        diff: input => diffObjects(kubernetes, input),
        chart: changes.chart ?? TEST_CHART,
        governance: GOVERNANCE,
        storePlan: async ({ plan }) => void plans.push(plan),
        log: { info: (_, message) => void log.push(message), warn: (_, message) => void log.push(message) },
      }),
    removeNamespace,
    async close() {
      await helm.close();
      await removeNamespace();
      connection.close();
    },
  };
}

export function agent(changes: Partial<AgentConfig> = {}): AgentConfig {
  return {
    framework: { name: 'custom' },
    image: 'runtimeai.dev/sample-agent:1.0.0',
    resources: { cpu: '100m', memory: '128Mi' },
    replicas: 2,
    env: [],
    egress: 'restricted',
    exposure: 'private',
    ...changes,
  };
}

/** A deploy into a release of its own. */
export function deployOf(
  world: World,
  changes: Partial<AgentConfig> = {},
): ReleaseInput & { readonly target: ReleaseTarget } {
  const release = `agent-${randomBytes(4).toString('hex')}`;
  const target: ReleaseTarget = {
    runtimeId: newId('runtime'),
    runtimeName: release,
    tenantId: 'acme',
    project: 'default',
    environment: 'development',
    namespace: world.namespace,
    release,
  };
  return {
    target,
    operationId: newId('operation'),
    deploymentId: newId('deployment'),
    agent: agent(changes),
  };
}

/** The next deploy into the same release. */
export function nextDeploy(before: ReleaseInput, changes: Partial<AgentConfig> = {}): ReleaseInput {
  return {
    ...before,
    operationId: newId('operation'),
    deploymentId: newId('deployment'),
    agent: agent(changes),
  };
}

/** Plans and applies, as the workflow does. */
export async function deploy(activities: ReleaseActivities, input: ReleaseInput, knownRevision = 0) {
  const plan = await attempt(() => activities.planRelease({ ...input, knownRevision, quota: ROOMY }));
  const install = { ...input, baseRevision: plan.baseRevision, planDigest: plan.digest };
  const release = await attempt(() => activities.installRelease(install));
  return { plan, install, release };
}

/** Runs an activity as a worker would, as its n-th attempt and with the heartbeat of the one before. */
export function attempt<T>(work: () => Promise<T>, info: AttemptInfo = {}): Promise<T> {
  return activityEnvironment(info).run(work);
}

export interface AttemptInfo {
  readonly attempt?: number;
  readonly heartbeatDetails?: unknown;
}

/** Where an activity runs that a test listens to, or cancels. */
export function activityEnvironment(info: AttemptInfo = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
}

/** The revisions of a release in short, oldest first, e.g. `1 superseded`. */
export async function revisionsOf(world: World, input: ReleaseInput): Promise<string[]> {
  return (await historyOf(world, input)).map(release => `${release.revision} ${release.status}`);
}

export function historyOf(world: World, input: ReleaseInput): Promise<readonly Release[]> {
  return world.storage.history({ release: input.target.release, namespace: input.target.namespace });
}

/** Waits until something is so, looking every 20 ms. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited 20 s in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Lets the Job that the chart's fate `waits` holds Helm up with succeed; false while Helm has not made it. */
export async function openGate(world: World, input: ReleaseInput): Promise<boolean> {
  const reference = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace: world.namespace,
    name: `${input.target.release}-gate`,
  };
  const gate = await world.kubernetes.get(reference);
  if (gate === undefined || fieldsOf(gate['status'])['succeeded'] === 1) return false;
  const now = new Date().toISOString();
  const conditions = ['SuccessCriteriaMet', 'Complete'].map(type => ({
    type,
    status: 'True',
    lastTransitionTime: now,
  }));
  const status = { startTime: now, completionTime: now, succeeded: 1, conditions };
  const { uid, resourceVersion } = gate.metadata;
  await ask(world.kubernetes.connection, 'Opening the gate', {
    method: 'PATCH',
    path: `/apis/batch/v1/namespaces/${world.namespace}/jobs/${reference.name}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { uid, resourceVersion }, status }),
  }).catch(notTheSameAnyMore);
  return true;
}

// Helm replaces the gate of an earlier try; opening the old one at that moment fails, and the next look finds the new one.
function notTheSameAnyMore(error: unknown): void {
  const replaced =
    error instanceof KubernetesError && (error.kind === 'conflict' || error.kind === 'not_found');
  if (!replaced) throw error;
}

/** Does the quota controller's work, which need not run for these tests. */
export async function setQuotaStatus(
  world: World,
  name: string,
  hard: Record<string, string>,
): Promise<void> {
  const used = Object.fromEntries(Object.keys(hard).map(resource => [resource, '0']));
  await ask(world.kubernetes.connection, 'Counting the quota', {
    method: 'PATCH',
    path: `/api/v1/namespaces/${world.namespace}/resourcequotas/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: { hard, used } }),
  });
}

/** A kubeconfig like the tests' own, with another address of the API server. */
export async function kubeconfigFor(directory: string, server: string): Promise<string> {
  const file = join(directory, 'kubeconfig');
  const cluster = { name: 'elsewhere', cluster: { server, 'insecure-skip-tls-verify': true } };
  const user = { name: 'nobody', user: { token: 'none' } };
  const context = { name: 'elsewhere', context: { cluster: 'elsewhere', user: 'nobody' } };
  await writeFile(
    file,
    JSON.stringify({
      clusters: [cluster],
      users: [user],
      contexts: [context],
      'current-context': 'elsewhere',
    }),
  );
  return file;
}
