import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { Begun, Observation, Step, StepPlan } from '../domain/change.ts';
import type { Health, PodFacts } from '../domain/health.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Capability, Runtime, RuntimeType } from '../domain/runtime.ts';

/**
 * How one kind of runtime is driven. RuntimeAI keeps the records, the lock, approvals, time limits and the way back; an
 * adapter only knows its objects. Every method may be called again with the same step after a crash and must then find
 * its own earlier work (the mark is `step.operationId` with `step.index`) instead of doing it twice. What policies let
 * the runtime reach is `step.target.egress`; it comes before the spec. A method throws `AdapterFailure` for what it refuses
 * or what went wrong; docs/adapters.md shows how to write one.
 */
export interface RuntimeAdapter {
  /** Unique among the adapters, e.g. `sandbox`; a runtime keeps it for life. */
  readonly name: string;
  readonly type: RuntimeType;
  readonly backend: Runtime['backend']['kind'];
  /** The verbs it can; any other is refused before a workflow begins. `start` and `stop` come together. */
  readonly capabilities: readonly Capability[];
  /** Which pods its namespaces must let in (Pod Security Standards). */
  readonly podSecurity: PodSecurity;
  /** Whether the cluster has what the kind needs. Changes nothing. */
  prerequisites(): Promise<Prerequisites>;
  /** What the step would change, tried out by server-side dry run; throws what makes it impossible. Changes nothing. */
  plan(step: Step): Promise<StepPlan>;
  /** Makes the runtime be `step.desired`: creates it, or brings it there from whatever it is. Also the way back. */
  apply(step: Step, call: Call): Promise<Begun>;
  /** How far what was begun has come. Changes nothing. */
  observe(step: Step, begun: Begun): Promise<Observation>;
  start?(step: Step, call: Call): Promise<Begun>;
  stop?(step: Step, call: Call): Promise<Begun>;
  restart?(step: Step, call: Call): Promise<Begun>;
  scale?(step: Step, call: Call): Promise<Begun>;
  snapshot?(step: Step, call: Call): Promise<Begun>;
  restore?(step: Step, call: Call): Promise<Begun>;
  migrate?(step: Step, call: Call): Promise<Begun>;
  /** Removes everything of the runtime; reached when nothing is left. */
  delete(step: Step, call: Call): Promise<Begun>;
  /**
   * Takes a begun or half-done step back. Left out, that is `delete` after a create and otherwise `apply` of
   * `step.before`. Its result is awaited like any other.
   */
  undo?(step: Step, call: Call): Promise<Begun>;
  /** What the observer follows of this kind, and how it is judged. */
  readonly health: HealthView;
}

/** What a call may need beside its step. */
export interface Call {
  /** The note of `plan`; empty when the step is undone without one. */
  readonly base: StepPlan['base'];
  /** Ends when the operation is cancelled or the attempt is over. */
  readonly signal: AbortSignal;
}

export interface Prerequisites {
  /** Empty when everything is there. */
  readonly missing: readonly {
    /** e.g. `CustomResourceDefinition sandboxes.agents.x-k8s.io`. */
    readonly what: string;
    /** The command or page that installs it. */
    readonly install: string;
  }[];
  /** What of the capabilities this cluster cannot serve now, each with the reason in words. */
  readonly limits?: Partial<Record<Capability, string>>;
}

/** The part of an adapter that the observer needs: pure, and called very often. */
export interface HealthView {
  /** Kinds to watch beside Deployments, ReplicaSets and Pods; every object must carry the label of its runtime. */
  readonly kinds: readonly { readonly apiVersion: string; readonly kind: string }[];
  /** What is kept of such an object: `metadata` and the few fields `judge` reads. */
  keep(object: KubernetesObject): KubernetesObject;
  /** The judgement on what is there now of one runtime. */
  judge(seen: Seen): SeenHealth;
}

export interface Seen {
  /** Objects of `kinds`, as kept. */
  readonly objects: readonly KubernetesObject[];
  readonly pods: readonly PodFacts[];
}

export interface SeenHealth extends Health {
  /** Replicas wanted and there; 1 for what is one machine. */
  readonly desiredReplicas: number;
  readonly readyReplicas: number;
  /** A finer word than the state, in the backend's own terms, e.g. `Migrating`. */
  readonly phase?: string;
}
