import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ChangeRecordActivities } from '../activities/change-records.ts';
import type { ChangeActivities } from '../activities/changes.ts';
import type { ClearanceActivities } from '../activities/clearance.ts';
import type { EvidenceActivities } from '../activities/evidence.ts';
import type { ReleaseActivities } from '../activities/helm.ts';
import type { PeopleActivities } from '../activities/people-records.ts';
import type { RecordActivities } from '../activities/records.ts';
import type { RolloutActivities } from '../activities/rollout.ts';
import { TASK_QUEUES } from '../temporal/names.ts';

/**
 * A cancelled change is over only when it has stopped: looking at a release while Helm still writes it would see half
 * of it. It must be said, because SDK 1.24 does not wait by default although its documentation says so
 * (test/workflows/deploy-runtime-cancel.test.ts).
 */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Records: local, because a round trip through the server would cost more than the transaction. They outlive an outage of the database. */
export const records = proxyLocalActivities<
  RecordActivities & PeopleActivities & ChangeRecordActivities & ClearanceActivities
>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '7 days',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/**
 * Looks or repeats without harm: retried until the cluster has been away for a quarter of an hour. With a longer
 * heartbeat the attempt of a dead worker would hold a deploy up for more than the 15 s a recovery may take
 * (test/system/kill-matrix.test.ts).
 */
const repeatable = proxyActivities<ReleaseActivities & EvidenceActivities & ChangeActivities>({
  taskQueue: TASK_QUEUES.cluster,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '15 minutes',
  heartbeatTimeout: '10s',
  cancellationType,
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
});

/**
 * Changes something. A second attempt is safe only because the activity first looks for this operation's mark in what
 * is there; heartbeats end the attempt of a dead worker within ten seconds.
 */
const changing = proxyActivities<ReleaseActivities & ChangeActivities>({
  taskQueue: TASK_QUEUES.cluster,
  startToCloseTimeout: '6 minutes',
  scheduleToCloseTimeout: '20 minutes',
  heartbeatTimeout: '10s',
  cancellationType,
  retry: { initialInterval: '1s', maximumInterval: '10s' },
});

/** The way back goes ahead of everything else in the queue. */
const restoring = proxyActivities<ReleaseActivities & ChangeActivities>({
  taskQueue: TASK_QUEUES.cluster,
  startToCloseTimeout: '6 minutes',
  scheduleToCloseTimeout: '30 minutes',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '10s' },
  priority: { priorityKey: 1 },
});

/** Kept for the reader of the history; losing it must not stop the way back. */
const witnessing = proxyActivities<EvidenceActivities>({
  taskQueue: TASK_QUEUES.cluster,
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '45s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumAttempts: 3 },
  priority: { priorityKey: 1 },
});

export const cluster = {
  planRelease: repeatable.planRelease,
  readRelease: repeatable.readRelease,
  installRelease: changing.installRelease,
  rollbackRelease: restoring.rollbackRelease,
  uninstallRelease: restoring.uninstallRelease,
  collectEvidence: witnessing.collectEvidence,
};

/**
 * Waits as long as the verification takes; a dead observer is noticed within ten seconds and the wait goes on in the
 * next one. Nobody waits for its end once its answer is not wanted any more.
 */
export const watching = proxyActivities<Pick<RolloutActivities, 'awaitRollout'>>({
  taskQueue: TASK_QUEUES.observer,
  startToCloseTimeout: '3 hours',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
});

/** One answer from memory; without an observer it must fail soon, so that the deadline means something. */
export const glancing = proxyActivities<Pick<RolloutActivities, 'readRollout'>>({
  taskQueue: TASK_QUEUES.observer,
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '15s',
  retry: { initialInterval: '500ms', maximumInterval: '2s' },
});

/** Ends by itself at the deadline it is told; the limits here only end it when nobody is left to watch. */
const waiting = proxyActivities<ChangeActivities>({
  taskQueue: TASK_QUEUES.cluster,
  startToCloseTimeout: '3 hours',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
});

/** The promises about steps of a change, each with the patience its effect deserves. */
export const steps = {
  planStep: repeatable.planStep,
  carryOutStep: changing.carryOutStep,
  awaitStep: waiting.awaitStep,
  undoStep: restoring.undoStep,
};
