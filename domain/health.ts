import { z } from 'zod';
import { RuntimeState } from './runtime.ts';

/** What the observer knows of one pod. Times are ISO 8601. */
export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  /** `pod-template-hash`: which ReplicaSet it belongs to. */
  readonly templateHash: string;
  readonly phase: string;
  readonly ready: boolean;
  /** When the Ready condition last became true. */
  readonly readySince?: string;
  readonly terminating: boolean;
  readonly restarts: number;
  readonly nodeName?: string;
  /** Reason and message of the first container that waits (e.g. CrashLoopBackOff), or of an unschedulable pod. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  readonly lastTermination?: {
    readonly reason: string;
    readonly exitCode: number;
    readonly finishedAt: string;
  };
}

/** What the observer knows of one runtime's Deployment and pods, all from one watch. */
export interface WorkloadFacts {
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly namespace: string;
  readonly name: string;
  /** The operation whose manifest the Deployment object now carries. */
  readonly operationId: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly desiredReplicas: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  /** Hash of the ReplicaSet of the current template, once it exists. */
  readonly currentTemplateHash?: string;
  /** Whether the Deployment is still bringing up its current template. */
  readonly rollingOut?: boolean;
  /** Deployment condition Progressing when it is False. */
  readonly stalled?: { readonly reason: string; readonly message: string };
  /** Deployment condition ReplicaFailure when it is True (quota, admission). */
  readonly replicaFailure?: { readonly reason: string; readonly message: string; readonly since?: string };
  readonly pods: readonly PodFacts[];
  /** When the watch that supplied these facts last heard from the API server. */
  readonly observedAt: string;
}

/** What is kept beside the judgement on a runtime of any kind. */
export type ObservedFacts = Pick<
  WorkloadFacts,
  'runtimeId' | 'tenantId' | 'namespace' | 'pods' | 'observedAt' | 'rollingOut'
>;

export const HealthStatus = z.enum(['healthy', 'degraded', 'unhealthy', 'stopped', 'unknown']);
export type HealthStatus = z.infer<typeof HealthStatus>;

/** The judgement on one runtime's facts. */
export interface Health {
  readonly status: HealthStatus;
  readonly readyPods: number;
  readonly totalPods: number;
  readonly reason: string;
}

/** One figure of a runtime and when it was true. */
export const Signal = z.object({ value: z.unknown(), unit: z.string().nullable(), ts: z.iso.datetime() });
export type Signal = z.infer<typeof Signal>;

/** The answer of `GET /v1/runtimes/{runtime_id}/status`; `health` is the contract's word, `health_status` ours. */
export const RuntimeStatus = z
  .object({
    runtime_id: z.string(),
    state: RuntimeState,
    health: z.enum(['ok', 'warning', 'critical', 'unknown']),
    health_status: HealthStatus,
    reason: z.string(),
    signals: z.record(z.string(), Signal),
    observed_at: z.iso.datetime(),
  })
  .meta({ id: 'RuntimeStatus' });
export type RuntimeStatus = z.infer<typeof RuntimeStatus>;
