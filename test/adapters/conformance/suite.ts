import type { RuntimeAdapter } from '../../../adapters/adapter.ts';
import type { ObjectReference } from '../../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../../clients/kubernetes/requests.ts';
import type { RuntimeTarget } from '../../../domain/change.ts';
import type { ErrorCode } from '../../../domain/rules/error-code.ts';
import type { Capability, RuntimeSpec } from '../../../domain/runtime.ts';

/** What an adapter tells of itself so that the conformance suite can try it out. */
export interface Conformance {
  readonly name: string;
  /** What it must say that it can do, no more and no less. */
  readonly capabilities: readonly Capability[];
  /** Makes it for a cluster; it is also made for one that has nothing, to see what it misses. */
  make(kubernetes: KubernetesClient): RuntimeAdapter | Promise<RuntimeAdapter>;
  /** Installs what its kind needs in the test cluster; safe to repeat. */
  prepareCluster?(kubernetes: KubernetesClient): Promise<unknown>;
  /** Puts beside the runtime what is not its adapter's to make, e.g. a Secret the spec names. */
  prepareNamespace?(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<unknown>;
  /** A runtime the test cluster can run. */
  readonly spec: RuntimeSpec;
  /** What a scale makes of it; needed where it can scale. */
  readonly scaled?: RuntimeSpec;
  /** The object without which the runtime is none, to be deleted behind its back. */
  vital(target: RuntimeTarget): ObjectReference;
  /** Identities of what runs (e.g. uids of machines), all of which a restart replaces; the runtime's pods unless said. */
  running?(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<readonly string[]>;
  /** How its state is written and read, where a test can: then a restore must bring back what was written before. */
  readonly state?: {
    write(kubernetes: KubernetesClient, target: RuntimeTarget, text: string): Promise<unknown>;
    read(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<string>;
  };
  /** Names a node the runtime can move to; without it the choice is the adapter's. */
  migrateTo?(kubernetes: KubernetesClient, target: RuntimeTarget): Promise<string>;
  /** What it says of a cluster that has nothing but Kubernetes; empty when it needs nothing else. */
  readonly misses: readonly RegExp[];
  /** What it refuses in `plan`, beside what every adapter refuses. */
  readonly refuses?: readonly {
    readonly what: string;
    readonly spec: RuntimeSpec;
    readonly code: ErrorCode;
  }[];
  /** How its egress is seen: what a policy about it allows must be in this NetworkPolicy, and no more. */
  readonly egress: {
    /** The runtime, asking for `egress_policy: open`. */
    readonly open: RuntimeSpec;
    /** The NetworkPolicy around what the user runs in it. */
    policy(target: RuntimeTarget): ObjectReference;
    /** What it reaches in any case, beside DNS and its own namespace. */
    readonly also?: { readonly cidrs: readonly string[]; readonly namespaces: readonly string[] };
  };
  /** How long one step may take; 60 unless said. */
  readonly deadlineSeconds?: number;
}
