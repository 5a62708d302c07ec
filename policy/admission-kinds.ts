import type { PolicyAction } from '../domain/policy.ts';
import type { RuntimeType } from '../domain/runtime.ts';

export type ClusterOperation = 'CREATE' | 'UPDATE' | 'DELETE';

/** A request to the API server, and every action of ours it may come from. */
export interface Way {
  readonly operation: ClusterOperation;
  /** Refusing the request refuses all of these, so a rule is only exported when it denies all of them. */
  readonly actions: readonly PolicyAction[];
  /** CEL that tells the request from others of its operation. */
  readonly condition?: string;
  /** What of the actions the request does not show. */
  readonly misses?: string;
}

/** What a runtime of a kind is in the cluster, as far as its own object shows what policies ask for. */
export interface ClusterKind {
  readonly object: string;
  readonly resources: readonly { readonly apiGroup: string; readonly resource: string }[];
  /** Whether the object bears the environment of its runtime as a label. */
  readonly showsEnvironment: boolean;
  /** Whether it bears the labels users gave the runtime. */
  readonly showsLabels: boolean;
  /** Whether its name is the runtime's. */
  readonly showsName: boolean;
  /** Where its image is, in CEL. */
  readonly image?: string;
  /** The first that fits is taken, for each operation. */
  readonly ways: readonly Way[];
}

/** Controllers write status and metadata all the time; what is asked of us changes what the object shall be. */
const SPEC_CHANGED = 'object.spec != oldObject.spec';
const IMAGES_CHANGED =
  'object.spec.template.spec.containers.map(c, c.image) != oldObject.spec.template.spec.containers.map(c, c.image)';

const remove: Way = { operation: 'DELETE', actions: ['lifecycle.delete'] };
const create: Way = { operation: 'CREATE', actions: ['lifecycle.create'] };

function update(...actions: PolicyAction[]): Way {
  return { operation: 'UPDATE', actions, condition: SPEC_CHANGED };
}

/** How each kind of runtime shows in the cluster; what the adapters make of it is in `adapters/`. */
export const CLUSTER_KINDS: Readonly<Record<RuntimeType, ClusterKind>> = {
  agent_runtime: {
    object: 'Deployment',
    resources: [{ apiGroup: 'apps', resource: 'deployments' }],
    showsEnvironment: true,
    showsLabels: false,
    showsName: true,
    image: 'object.spec.template.spec.containers[0].image',
    ways: [
      { operation: 'CREATE', actions: ['deploy.install'] },
      update(
        'deploy.upgrade',
        'lifecycle.start',
        'lifecycle.stop',
        'lifecycle.restart',
        'lifecycle.scale',
        'lifecycle.tune_policy',
      ),
      {
        operation: 'UPDATE',
        actions: ['deploy.upgrade'],
        condition: IMAGES_CHANGED,
        misses: 'a deploy.upgrade that changes no image',
      },
      remove,
    ],
  },
  sandbox: {
    object: 'Sandbox',
    resources: [
      { apiGroup: 'agents.x-k8s.io', resource: 'sandboxes' },
      { apiGroup: 'extensions.agents.x-k8s.io', resource: 'sandboxclaims' },
    ],
    showsEnvironment: false,
    showsLabels: true,
    showsName: true,
    ways: [
      create,
      update('lifecycle.start', 'lifecycle.stop', 'lifecycle.restart', 'lifecycle.scale'),
      remove,
    ],
  },
  vcluster: {
    object: 'StatefulSet',
    resources: [{ apiGroup: 'apps', resource: 'statefulsets' }],
    showsEnvironment: false,
    showsLabels: false,
    showsName: false,
    ways: [
      create,
      update(
        'lifecycle.start',
        'lifecycle.stop',
        'lifecycle.restart',
        'lifecycle.scale',
        'lifecycle.snapshot',
        'lifecycle.restore',
      ),
      remove,
    ],
  },
  vm: {
    object: 'VirtualMachine',
    resources: [{ apiGroup: 'kubevirt.io', resource: 'virtualmachines' }],
    showsEnvironment: false,
    showsLabels: true,
    showsName: true,
    ways: [
      create,
      update(
        'lifecycle.start',
        'lifecycle.stop',
        'lifecycle.restart',
        'lifecycle.scale',
        'lifecycle.snapshot',
        'lifecycle.restore',
        'lifecycle.migrate',
      ),
      remove,
    ],
  },
};
