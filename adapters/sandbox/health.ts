import { fieldsOf, type KubernetesObject, textOf } from '../../clients/kubernetes/objects.ts';
import type { PodFacts } from '../../domain/health.ts';
import type { HealthView, Seen, SeenHealth } from '../adapter.ts';
import { type Condition, conditionIn, hopelessness } from './conditions.ts';
import { KINDS, POD_NAME_ANNOTATION, POWER_ANNOTATION } from './kinds.ts';
import { claimedSandbox } from './live.ts';
import { modeOf } from './progress.ts';

/** What is watched of sandboxes and how it is judged. A claimed Sandbox bears no label at first, so its claim speaks for it. */
export const sandboxHealth: HealthView = {
  kinds: [KINDS.sandbox, KINDS.claim],
  keep,
  judge,
};

function keep({ apiVersion, kind, metadata: all, spec, status }: KubernetesObject): KubernetesObject {
  const { managedFields: _managedFields, ...metadata } = all;
  const { conditions, sandbox } = fieldsOf(status);
  const { operatingMode } = fieldsOf(spec);
  return {
    apiVersion,
    kind,
    metadata,
    spec: { ...(operatingMode === undefined ? {} : { operatingMode }) },
    status: {
      ...(conditions === undefined ? {} : { conditions }),
      ...(sandbox === undefined
        ? {}
        : { sandbox: { name: claimedSandbox({ apiVersion, kind, metadata, status }) } }),
    },
  };
}

function judge(seen: Seen): SeenHealth {
  const claim = seen.objects.find(({ kind }) => kind === KINDS.claim.kind);
  const sandbox = sandboxOf(seen, claim);
  const subject = sandbox ?? claim;
  if (!subject)
    return verdict('unhealthy', { reason: 'its Sandbox is gone: somebody deleted it', phase: 'Gone' });
  const ready = conditionIn(subject, 'Ready');
  const pod = podOf(seen, { claim, sandbox });
  if (subject.metadata.deletionTimestamp)
    return verdict('unhealthy', { reason: 'it is being deleted', phase: 'Deleting' });
  if (!shallRun(subject, ready)) return down(pod);
  return up({ ready, pod, isFinished: conditionIn(subject, 'Finished').status === 'True' });
}

/** With a pool several Sandboxes may bear the label over time; the claim's is meant. */
function sandboxOf({ objects }: Seen, claim: KubernetesObject | undefined): KubernetesObject | undefined {
  const sandboxes = objects.filter(({ kind }) => kind === KINDS.sandbox.kind);
  return claim ? sandboxes.find(({ metadata }) => metadata.name === claimedSandbox(claim)) : sandboxes[0];
}

/** Idle pods of a pool bear the labels too; the one in use has the name of its Sandbox. */
function podOf(
  { pods }: Seen,
  { claim, sandbox }: { claim: KubernetesObject | undefined; sandbox: KubernetesObject | undefined },
): PodFacts | undefined {
  const name = sandbox
    ? (sandbox.metadata.annotations?.[POD_NAME_ANNOTATION] ?? sandbox.metadata.name)
    : claimedSandbox(claim);
  return pods.find(pod => pod.name === name);
}

function shallRun(subject: KubernetesObject, ready: Condition): boolean {
  if (subject.kind === KINDS.sandbox.kind) return modeOf(subject) === 'Running';
  return (
    textOf(subject.metadata.annotations?.[POWER_ANNOTATION]) !== 'stopped' &&
    ready.reason !== 'SandboxSuspended'
  );
}

function down(pod: PodFacts | undefined): SeenHealth {
  const phase = pod ? 'Suspending' : 'Suspended';
  return {
    ...verdict('stopped', { reason: pod ? `${pod.name} is ending` : 'it is stopped', phase }),
    desiredReplicas: 0,
  };
}

function up({
  ready,
  pod,
  isFinished,
}: {
  readonly ready: Condition;
  readonly pod: PodFacts | undefined;
  readonly isFinished: boolean;
}): SeenHealth {
  if (isFinished)
    return verdict('unhealthy', { reason: `its program has ended (${ready.reason})`, phase: 'Finished' });
  const hopeless = hopelessness(ready, Number.POSITIVE_INFINITY);
  if (hopeless) return verdict('unhealthy', { reason: hopeless, phase: 'Failed' });
  if (pod && !pod.terminating && pod.ready && ready.status === 'True') {
    return {
      ...verdict('healthy', { reason: 'it is ready', phase: 'Running' }),
      readyPods: 1,
      totalPods: 1,
      readyReplicas: 1,
    };
  }
  const totalPods = pod ? 1 : 0;
  const trouble = pod && troubleOf(pod);
  if (trouble) return { ...verdict('unhealthy', { reason: trouble, phase: 'Failing' }), totalPods };
  const reason = ready.message === '' ? 'it is coming up' : ready.message;
  return { ...verdict('degraded', { reason, phase: 'Starting' }), totalPods };
}

function troubleOf({ name, phase, waiting }: PodFacts): string | undefined {
  if (phase === 'Failed' || phase === 'Succeeded') return `${name} has ended (${phase})`;
  if (!waiting) return undefined;
  return `${name}: ${[waiting.reason, waiting.message].filter(part => part !== '').join(', ')}`;
}

function verdict(
  status: SeenHealth['status'],
  { reason, phase }: { readonly reason: string; readonly phase: string },
): SeenHealth {
  return { status, reason, phase, readyPods: 0, totalPods: 0, desiredReplicas: 1, readyReplicas: 0 };
}
