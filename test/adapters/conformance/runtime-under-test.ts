import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { slotNamespace, slotObjects } from '../../../activities/slot-objects.ts';
import type { RuntimeAdapter, Seen, SeenHealth } from '../../../adapters/adapter.ts';
import type { KubernetesClient } from '../../../clients/kubernetes/requests.ts';
import { observePod } from '../../../clients/kubernetes/workloads.ts';
import type { Desired, RuntimeTarget } from '../../../domain/change.ts';
import { newId } from '../../../domain/ids.ts';
import { PROJECT_LABEL, RUNTIME_LABEL, TENANT_LABEL } from '../../../domain/rules/labels.ts';
import { namespaceOf } from '../../../domain/rules/slot.ts';
import { ROOMY } from '../../builders/slot-quota.ts';
import { testCluster } from '../../kubernetes/cluster.ts';
import { type Contents, contentsOf } from './cluster-contents.ts';
import type { Conformance } from './suite.ts';
import { Walker } from './walker.ts';

/** One runtime of the adapter in a project of its own, and ways to look at it. */
export interface RuntimeUnderTest {
  readonly adapter: RuntimeAdapter;
  readonly kubernetes: KubernetesClient;
  readonly target: RuntimeTarget;
  readonly walker: Walker;
  /** The runtime as it is created. */
  readonly running: Desired;
  /** What the namespace held before anything was done. */
  readonly empty: Contents;
  contents(): Promise<Contents>;
  /** What the observer would see of it now. */
  seen(): Promise<Seen>;
  judge(): Promise<SeenHealth>;
  /** Identities of what runs now. */
  incarnations(): Promise<readonly string[]>;
}

const DEADLINE_SECONDS = 60;

/** Gives a group of tests a runtime of its own, created unless it is to be `absent`, and removes its namespace at the end. */
export function useRuntime(suite: Conformance, options: { absent?: boolean } = {}): () => RuntimeUnderTest {
  let runtime: RuntimeUnderTest | undefined;
  beforeAll(async () => {
    runtime = await openRuntime(suite);
    if (!options.absent) await runtime.walker.walk({ verb: 'create' }, runtime.running);
  });
  afterAll(async () => {
    if (!runtime) return;
    const { kubernetes, target } = runtime;
    await kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name: target.namespace });
    kubernetes.connection.close();
  });
  return () => {
    if (!runtime) throw new Error(`no runtime of ${suite.name} could be made`);
    return runtime;
  };
}

async function openRuntime(suite: Conformance): Promise<RuntimeUnderTest> {
  const kubernetes = await testCluster();
  await suite.prepareCluster?.(kubernetes);
  const adapter = await suite.make(kubernetes);
  const target = targetOf(adapter);
  await makeSlot(kubernetes, { target, podSecurity: adapter.podSecurity });
  await suite.prepareNamespace?.(kubernetes, target);
  const seen = () => seenOf({ kubernetes, adapter, target });
  const runtime = {
    adapter,
    kubernetes,
    target,
    walker: new Walker({ adapter, target, deadlineSeconds: suite.deadlineSeconds ?? DEADLINE_SECONDS }),
    running: { spec: suite.spec, power: 'running' as const },
    empty: await contentsOf(kubernetes, target.namespace),
    contents: () => contentsOf(kubernetes, target.namespace),
    seen,
    judge: async () => adapter.health.judge(await seen()),
    incarnations: async () => (suite.running ? suite.running(kubernetes, target) : livingPods(await seen())),
  };
  return runtime;
}

function targetOf({ type, name, podSecurity }: RuntimeAdapter): RuntimeTarget {
  const [runtimeId, project] = [newId('runtime'), `c${randomBytes(4).toString('hex')}`];
  return {
    runtimeId,
    runtimeName: 'tried',
    tenantId: 'acme',
    project,
    environment: 'development',
    namespace: namespaceOf('acme', project, podSecurity),
    release: 'tried',
    type,
    backend: name,
    labels: { team: 'conformance' },
  };
}

async function makeSlot(
  kubernetes: KubernetesClient,
  { target, podSecurity }: { target: RuntimeTarget; podSecurity: RuntimeAdapter['podSecurity'] },
): Promise<void> {
  await kubernetes.create(slotNamespace(target, podSecurity));
  for (const object of slotObjects(target, ROOMY)) await kubernetes.create(object);
}

interface Looking {
  readonly kubernetes: KubernetesClient;
  readonly adapter: RuntimeAdapter;
  readonly target: RuntimeTarget;
}

async function seenOf({ kubernetes, adapter, target }: Looking): Promise<Seen> {
  const labelSelector = `${RUNTIME_LABEL}=${target.runtimeId}`;
  const { namespace } = target;
  const ofKind = (kind: { apiVersion: string; kind: string }) =>
    kubernetes.list({ ...kind, namespace, labelSelector });
  const lists = await Promise.all(adapter.health.kinds.map(ofKind));
  const pods = await ofKind({ apiVersion: 'v1', kind: 'Pod' });
  return {
    objects: lists.flat().map(object => adapter.health.keep(object)),
    pods: pods.map(pod => observePod(pod).facts),
  };
}

function livingPods({ pods }: Seen): string[] {
  return pods.filter(pod => !pod.terminating).map(pod => pod.uid);
}

/** The labels by which everybody finds the objects of a runtime again. */
export function labelsOf(target: RuntimeTarget): Record<string, string> {
  return {
    [RUNTIME_LABEL]: target.runtimeId,
    [TENANT_LABEL]: target.tenantId,
    [PROJECT_LABEL]: target.project,
  };
}
