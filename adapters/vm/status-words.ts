import type { HealthStatus } from '../../domain/health.ts';

/** What a `status.printableStatus` of KubeVirt means to us. */
export interface StatusWord {
  readonly health: HealthStatus;
  readonly words: string;
  /** The machine does not start like this; whether waiting helps, time tells. */
  readonly stuck?: true;
}

const WORDS: Readonly<Record<string, StatusWord>> = {
  Running: { health: 'healthy', words: 'the machine runs' },
  Migrating: { health: 'healthy', words: 'the machine runs and moves to another node' },
  Stopped: { health: 'stopped', words: 'the machine is stopped' },
  Provisioning: { health: 'degraded', words: 'its disks are being made' },
  Starting: { health: 'degraded', words: 'the machine starts' },
  WaitingForVolumeBinding: { health: 'degraded', words: 'a volume is not bound yet' },
  WaitingForReceiver: { health: 'degraded', words: 'it waits to receive a migration' },
  Stopping: { health: 'degraded', words: 'the machine shuts down' },
  Terminating: { health: 'degraded', words: 'the machine is being removed' },
  Paused: { health: 'degraded', words: 'somebody has paused the machine (virtctl unpause lets it go on)' },
  CrashLoopBackOff: { health: 'unhealthy', words: 'the machine ends again and again', stuck: true },
  ErrorUnschedulable: { health: 'unhealthy', words: 'no node has room for it' },
  ErrImagePull: { health: 'unhealthy', words: 'its container disk cannot be pulled', stuck: true },
  ImagePullBackOff: { health: 'unhealthy', words: 'its container disk cannot be pulled', stuck: true },
  ErrorPvcNotFound: { health: 'unhealthy', words: 'a volume claim it names does not exist', stuck: true },
  DataVolumeError: { health: 'unhealthy', words: 'its disk could not be imported', stuck: true },
  Unknown: { health: 'unknown', words: 'its node does not answer' },
};

/** The meaning of a word; one that a later KubeVirt may have is unknown, never well. */
export function statusWord(printableStatus: string): StatusWord {
  if (printableStatus === '') return { health: 'unknown', words: 'KubeVirt has said nothing about it yet' };
  return WORDS[printableStatus] ?? { health: 'unknown', words: `KubeVirt calls it ${printableStatus}` };
}
