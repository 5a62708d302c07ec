import {
  fieldsOf,
  type KubernetesObject,
  nameOf,
  numberOf,
  referenceOf,
  textOf,
} from '../../clients/kubernetes/objects.ts';
import { containersOf, waitingOf } from '../../clients/kubernetes/pod-status.ts';
import type { Observation } from '../../domain/change.ts';
import { conditionIn, hopelessness, isSeen } from './conditions.ts';
import type { Live } from './live.ts';

/** What is awaited of a sandbox, and how patiently. */
export interface Awaited {
  readonly live: Live;
  readonly isPooled: boolean;
  /** The pod that had to go; empty when none had to. */
  readonly replacedPod: string;
  readonly unschedulableSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How far a sandbox is on its way up. Never told from the condition Suspended, which stays behind after a start. */
export function progressUp(awaited: Awaited): Observation {
  const { sandbox, pod } = awaited.live;
  if (!sandbox) return withoutSandbox(awaited);
  const name = nameOf(referenceOf(sandbox));
  if (sandbox.metadata.deletionTimestamp) return failed(`${name} is being deleted, by somebody else.`);
  if (modeOf(sandbox) !== 'Running') return failed(`${name} was suspended by somebody else; start it again.`);
  const ready = conditionIn(sandbox, 'Ready');
  const isCurrent = pod && pod.metadata.uid !== awaited.replacedPod && !pod.metadata.deletionTimestamp;
  if (!isCurrent) {
    const hopeless = isSeen(sandbox) ? hopelessness(ready, awaited.now) : undefined;
    return hopeless ? failed(`${name} gets no pod: ${hopeless}`) : progressing(`${name} waits for its pod`);
  }
  const trouble = hopelessPod(pod, awaited) ?? hopelessness(ready, awaited.now);
  if (trouble) return failed(`${name} does not come up: ${trouble}`);
  const isUp = ready.status === 'True' && isSeen(sandbox) && conditionIn(pod, 'Ready').status === 'True';
  if (isUp)
    return { status: 'reached', message: `${name} is ready`, result: { addresses: addressesOf(sandbox) } };
  return progressing(`${name} is not ready: ${waitingWords(pod) ?? (ready.message || 'nothing said yet')}`);
}

/** How far a sandbox is on its way down. */
export function progressDown(awaited: Awaited): Observation {
  const { sandbox, pod } = awaited.live;
  if (!sandbox) return withoutSandbox(awaited);
  const name = nameOf(referenceOf(sandbox));
  if (modeOf(sandbox) !== 'Suspended') return failed(`${name} was started by somebody else; stop it again.`);
  if (pod) return progressing(`${nameOf(referenceOf(pod))} is ending`);
  const suspended = conditionIn(sandbox, 'Suspended');
  if (suspended.reason === 'PodNotOwned') return failed(`${name} cannot be stopped: ${suspended.message}`);
  const isDown = isSeen(sandbox) && conditionIn(sandbox, 'Ready').reason === 'SandboxSuspended';
  return isDown ? { status: 'reached', message: `${name} is stopped` } : progressing(`${name} is stopping`);
}

/** Whether a Sandbox shall run; the API server fills in Running. */
export function modeOf(sandbox: KubernetesObject): string {
  return textOf(fieldsOf(sandbox['spec'])['operatingMode']) || 'Running';
}

function withoutSandbox({ isPooled, live: { claim }, now }: Awaited): Observation {
  if (!isPooled)
    return failed('Its Sandbox is gone: somebody deleted it. Create it anew, or delete the runtime.');
  if (!claim)
    return failed('Its SandboxClaim is gone: somebody deleted it. Create it anew, or delete the runtime.');
  const ready = conditionIn(claim, 'Ready');
  const hopeless = hopelessness(ready, now);
  if (hopeless) return failed(`The claim gets no sandbox: ${hopeless}`);
  return progressing(`the claim has no sandbox yet${ready.message === '' ? '' : `: ${ready.message}`}`);
}

/** Reasons a container waits for that no waiting mends. */
const HOPELESS_WAITS = [
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'CreateContainerConfigError',
];
const CRASHES_TOLERATED = 2;

function hopelessPod(pod: KubernetesObject, { unschedulableSeconds, now }: Awaited): string | undefined {
  const status = fieldsOf(pod['status']);
  const phase = textOf(status['phase']);
  if (phase === 'Failed' || phase === 'Succeeded')
    return `its pod has ended (${phase}) ${textOf(status['message'])}`.trim();
  const waiting = waitingOf(status);
  const restarts = Math.max(0, ...containersOf(status).map(container => numberOf(container['restartCount'])));
  const isCrashing = waiting?.reason === 'CrashLoopBackOff' && restarts >= CRASHES_TOLERATED;
  const lostMs = now - conditionIn(pod, 'PodScheduled').since;
  const isStuck = waiting?.reason === 'Unschedulable' && lostMs >= unschedulableSeconds * 1000;
  return isCrashing || isStuck || HOPELESS_WAITS.includes(waiting?.reason ?? '')
    ? waitingWords(pod)
    : undefined;
}

function waitingWords(pod: KubernetesObject): string | undefined {
  const waiting = waitingOf(fieldsOf(pod['status']));
  return waiting && [waiting.reason, waiting.message].filter(part => part !== '').join(', ');
}

/** Where others reach it: the name of its service, or else the addresses of its pod. */
function addressesOf(sandbox: KubernetesObject): readonly string[] {
  const { serviceFQDN, podIPs } = fieldsOf(sandbox['status']);
  const name = textOf(serviceFQDN);
  if (name !== '') return [name];
  return Array.isArray(podIPs) ? podIPs.map(String) : [];
}

function failed(message: string): Observation {
  return { status: 'failed', message };
}

function progressing(message: string): Observation {
  return { status: 'progressing', message };
}
