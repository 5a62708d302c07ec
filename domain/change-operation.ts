import type { Action } from './action.ts';
import type { Change, Desired, RuntimeTarget, Step } from './change.ts';
import type { AdmissionRefusal } from './deployment.ts';
import type { LifecycleScaleRequest, TunePolicyParams } from './lifecycle.ts';
import type { OperationKind } from './operation.ts';
import type { IntentRequest } from './planner.ts';
import type { PolicyVerdict } from './policy.ts';
import type { Requester } from './requester.ts';
import type { RuntimeSpec, RuntimeType } from './runtime.ts';
import type { Environment } from './tenant.ts';

/** A change as it is asked for, before it is known what the runtime shall be after it. */
export type Wish =
  | { readonly verb: 'create' | 'start' | 'restart' | 'rollout_restart' | 'delete' }
  | { readonly verb: 'attach_observer' | 'detach_observer' }
  | Extract<Change, { verb: 'stop' | 'snapshot' | 'migrate' }>
  | { readonly verb: 'scale'; readonly to: Pick<LifecycleScaleRequest, 'size' | 'resources'> }
  | { readonly verb: 'tune_policy'; readonly to: TunePolicyParams }
  | { readonly verb: 'restore'; readonly snapshot: string };

/** One line of what is asked for; `action` is the contract's word for it, where it has one. */
export interface Order {
  readonly action: Action | null;
  readonly wish: Wish;
}

export interface NewRuntime {
  readonly name: string;
  readonly type: RuntimeType;
  readonly project: string;
  readonly environment: Environment;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: RuntimeSpec;
}

/** The only argument of the workflow `changeRuntime`. */
export interface ChangeRuntimeInput {
  readonly operationId: string;
  readonly runtimeId: string;
  readonly tenantId: string;
  readonly requester: Requester;
  readonly kind: Exclude<OperationKind, 'deploy'>;
  /** Present when the runtime does not exist yet. */
  readonly create?: NewRuntime;
  /** In order; empty for an intent, which plans its own. */
  readonly orders: readonly Order[];
  readonly intent?: { readonly id: string; readonly request: IntentRequest };
  /** Versions of the runtime (its ETag) one of which it must still have. */
  readonly ifVersions?: readonly number[];
  readonly reason?: string;
}

/** A step of an admitted operation, and what it is called. */
export interface AdmittedStep {
  readonly action: Action | null;
  readonly change: Change;
  readonly before: Desired | null;
  readonly desired: Desired;
}

/** A change that may begin. */
export type AcceptedChange = Extract<ChangeAdmission, { admitted: true }>;

/** The answer of admission to a change: refused with a reason, or accepted with all that the rest needs. */
export type ChangeAdmission =
  | { readonly admitted: false; readonly code: AdmissionRefusal; readonly reason: string }
  | {
      readonly admitted: true;
      readonly target: RuntimeTarget;
      readonly steps: readonly AdmittedStep[];
      readonly knownRevision: number;
      /** Of a Helm release: whose mark its last verified revision carries. */
      readonly verifiedOperationId?: string;
      readonly quota: Step['quota'];
      /** The strictest of the verdicts on its steps. */
      readonly policy: PolicyVerdict;
      /** How long one step may take until it is reached. */
      readonly stepTimeoutSeconds: number;
      /** Of an intent: whether it is only tried out, and what could not be planned. */
      readonly intent?: {
        readonly dryRun: boolean;
        readonly cannot: readonly string[];
        /** Why nothing is planned although everything was understood. */
        readonly rationale?: readonly string[];
        /** How long it is watched after its last step; an intent of an earlier release is not. */
        readonly soakSeconds?: number;
      };
    };
