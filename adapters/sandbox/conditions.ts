import {
  fieldsOf,
  type KubernetesObject,
  listOf,
  numberOf,
  textOf,
} from '../../clients/kubernetes/objects.ts';

/** What agent-sandbox says in a condition; empty texts when it says nothing. */
export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** When its status last changed; NaN when it says nothing. */
  readonly since: number;
  /** The generation it speaks of. */
  readonly generation: number;
}

/** A condition of a Sandbox, a claim or a pod. */
export function conditionIn(object: KubernetesObject | undefined, type: string): Condition {
  const conditions = listOf(fieldsOf(object?.['status'])['conditions']);
  const found = conditions.find(condition => condition['type'] === type) ?? {};
  return {
    status: textOf(found['status']),
    reason: textOf(found['reason']),
    message: textOf(found['message']),
    since: Date.parse(textOf(found['lastTransitionTime'])),
    generation: numberOf(found['observedGeneration']),
  };
}

/** Whether the controller has seen the newest specification of a Sandbox; its conditions are of an older one until then. */
export function isSeen(sandbox: KubernetesObject): boolean {
  return conditionIn(sandbox, 'Ready').generation >= (sandbox.metadata.generation ?? 0);
}

/** Reasons of a Ready condition that no waiting mends, beside a refusal of the API server that lasts. */
const HOPELESS_REASONS = [
  'MultiplePods',
  'SandboxExpired',
  'ClaimExpired',
  'InvalidMetadata',
  'EnvVarsInjectionRejected',
  'VolumeClaimTemplatesError',
];

/** What the API server says to a pod it will not have. */
const REFUSALS = /is forbidden|exceeded quota|is invalid|cannot adopt unowned/;

/** A new namespace lacks its service account for a moment, and a pod that ends still counts towards the quota. */
const REFUSAL_PATIENCE_MS = 10_000;

/** Why a Ready condition will not become true, in words; nothing while it still may. `now`: milliseconds since 1970. */
export function hopelessness({ status, reason, message, since }: Condition, now: number): string | undefined {
  if (status === 'True') return undefined;
  const isRefusal =
    reason === 'ReconcilerError' && REFUSALS.test(message) && now - since >= REFUSAL_PATIENCE_MS;
  return isRefusal || HOPELESS_REASONS.includes(reason) ? `${reason}: ${message}` : undefined;
}
