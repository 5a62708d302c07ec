import {
  fieldsOf,
  type KubernetesObject,
  listOf,
  numberOf,
  textOf,
} from '../../clients/kubernetes/objects.ts';
import { badEndsOf, conditionOf, containersOf, waitingOf } from '../../clients/kubernetes/pod-status.ts';
import type { Evidence } from '../../domain/deployment.ts';
import { withoutSecrets } from '../../process/redaction.ts';
import type { EvidenceEvent } from './findings.ts';
import type { PodLog } from './logs.ts';

/** What is kept of one pod, and what the sentence about it is made from. */
export interface PodFinding {
  readonly evidence: Evidence['pods'][number];
  readonly neverReady: boolean;
  /** The container's own end: exit code and reason. */
  readonly ended: { readonly exitCode: number; readonly reason: string } | undefined;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** The failed probe in words, with the path it asked. */
  readonly probe: string | undefined;
}

/** Puts together what is known of one pod. */
export function describePod(
  pod: KubernetesObject,
  known: { readonly events: readonly EvidenceEvent[]; readonly log: PodLog },
): PodFinding {
  const status = fieldsOf(pod['status']);
  const containers = containersOf(status);
  const waiting = shownWait(status);
  const ended = endOf(status);
  const failedProbe = lastFailedProbe(pod, known.events);
  return {
    evidence: {
      name: pod.metadata.name,
      phase: textOf(status['phase']),
      ready: isReadyPod(pod),
      restarts: containers.reduce((sum, container) => sum + numberOf(container['restartCount']), 0),
      reason: waiting ? joined(waiting) : (ended?.reason ?? null),
      failed_probe: failedProbe ?? null,
      logs: [...known.log.lines],
      logs_unavailable: known.log.unavailable,
    },
    neverReady: wasNeverReady(status, containers),
    ended,
    waiting,
    probe: failedProbe && probeInWords(pod, failedProbe),
  };
}

/** Whether the pod counts as ready. */
export function isReadyPod(pod: KubernetesObject): boolean {
  return conditionOf(fieldsOf(pod['status']), 'Ready')?.['status'] === 'True';
}

type Fields = Readonly<Record<string, unknown>>;

/** It was not ready already when its container started, and has not changed since. */
function wasNeverReady(status: Fields, containers: readonly Fields[]): boolean {
  const ready = conditionOf(status, 'Ready');
  if (ready?.['status'] === 'True') return false;
  const started = containers.map(container =>
    textOf(fieldsOf(fieldsOf(container['state'])['running'])['startedAt']),
  );
  const since = textOf(ready?.['lastTransitionTime']);
  const restarted = containers.some(container => numberOf(container['restartCount']) > 0);
  return !restarted && started.every(time => time === '' || since <= time);
}

function shownWait(status: Fields): PodFinding['waiting'] {
  const waiting = waitingOf(status);
  return waiting && { ...waiting, message: withoutSecrets(waiting.message).slice(0, 500) };
}

function endOf(status: Fields): PodFinding['ended'] {
  const [bad] = badEndsOf(status);
  return bad && { exitCode: numberOf(bad['exitCode']), reason: textOf(bad['reason']) };
}

function lastFailedProbe(pod: KubernetesObject, events: readonly EvidenceEvent[]): string | undefined {
  return events.findLast(event => event.reason === 'Unhealthy' && event.object === `Pod/${pod.metadata.name}`)
    ?.message;
}

/** `Readiness probe failed: HTTP probe failed with statuscode: 503` → `readiness probe /ready answered 503`. */
function probeInWords(pod: KubernetesObject, message: string): string {
  const kind = /^(Readiness|Liveness|Startup) probe/.exec(message)?.[1]?.toLowerCase();
  if (kind === undefined) return message;
  const path = probePath(pod, `${kind}Probe`);
  const code = /statuscode: (\d+)/.exec(message)?.[1];
  const what =
    code === undefined
      ? message.replace(/^\w+ probe (failed|errored)[^:]*: */, 'failed: ')
      : `answered ${code}`;
  return `${kind} probe${path === '' ? '' : ` ${path}`} ${what}`;
}

function probePath(pod: KubernetesObject, field: string): string {
  const [container] = listOf(fieldsOf(pod['spec'])['containers']);
  return textOf(fieldsOf(fieldsOf(container?.[field])['httpGet'])['path']);
}

function joined({ reason, message }: { readonly reason: string; readonly message: string }): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
