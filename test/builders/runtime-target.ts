import type { RuntimeTarget } from '../../domain/change.ts';
import type { RuntimeType } from '../../domain/runtime.ts';

/** Where a runtime of this type and name lives that is called `rt_1`. */
export function runtimeTarget(type: RuntimeType, name: string): RuntimeTarget {
  return {
    runtimeId: 'rt_1',
    runtimeName: name,
    tenantId: 'acme',
    project: 'default',
    environment: 'development',
    namespace: 'rtai-acme--default',
    release: name,
    type,
    backend: type,
    labels: {},
  };
}
