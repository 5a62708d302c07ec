import type { Change, Desired, Step } from '../../domain/change.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { runtimeTarget } from './runtime-target.ts';
import { ROOMY } from './slot-quota.ts';

/** A step of a sandbox called `box`. */
export function sandboxStep(
  spec: RuntimeSpec,
  {
    change = { verb: 'create' },
    power = 'running',
    before = null,
  }: { change?: Change; power?: Desired['power']; before?: Desired | null } = {},
): Step {
  return {
    target: { ...runtimeTarget('sandbox', 'box'), labels: { team: 'red' } },
    operationId: 'op_1',
    index: 0,
    change,
    before,
    desired: { spec, power },
    knownRevision: 0,
    quota: ROOMY,
  };
}
