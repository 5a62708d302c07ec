import { namespaceOf, type PodSecurity } from '../../domain/rules/slot.ts';
import type { RuntimeType } from '../../domain/runtime.ts';
import type { LifecycleVerb } from './lifecycle.ts';

/** What the system tests know of a kind beside what its API says. */
export interface Kind {
  readonly type: RuntimeType;
  readonly podSecurity: PodSecurity;
  readonly can: readonly LifecycleVerb[];
  /** A scale, and what the spec says after it. */
  readonly scale: { readonly body: object; readonly spec: object };
  /** The same as a goal, to another size. */
  readonly goal: { readonly words: string; readonly spec: object };
}

const SIZED = {
  scale: { body: { size: 'small' }, spec: { size: 'small' } },
  goal: { words: 'scale to large', spec: { size: 'large' } },
};

/** The four kinds there are. */
export const KINDS: readonly Kind[] = [
  {
    type: 'agent_runtime',
    podSecurity: 'restricted',
    can: ['start', 'stop', 'restart', 'scale'],
    scale: {
      body: { resources: { replicas: 3, cpu: 0.2 } },
      spec: { agent: { replicas: 3, resources: { cpu: '200m' } } },
    },
    goal: { words: 'scale to 4', spec: { agent: { replicas: 4 } } },
  },
  {
    type: 'sandbox',
    podSecurity: 'restricted',
    can: ['start', 'stop', 'restart', 'scale', 'snapshot'],
    ...SIZED,
  },
  {
    type: 'vcluster',
    podSecurity: 'restricted',
    can: ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore'],
    ...SIZED,
  },
  {
    type: 'vm',
    podSecurity: 'privileged',
    can: ['start', 'stop', 'restart', 'scale', 'snapshot', 'restore', 'migrate'],
    ...SIZED,
  },
];

/** Where a runtime of a kind is. */
export function placeOf(kind: Kind, { tenantId, project }: { tenantId: string; project: string }): string {
  return namespaceOf(tenantId, project, kind.podSecurity);
}
