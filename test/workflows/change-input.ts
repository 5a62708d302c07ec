import type { Change, Desired } from '../../domain/change.ts';
import type { AcceptedChange, AdmittedStep, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import { newId } from '../../domain/ids.ts';
import { verdictOf } from '../builders/verdict.ts';
import { developer } from './deploy-input.ts';

const RUNNING: Desired = { spec: { size: 'small' }, power: 'running' };
const STOPPED: Desired = { spec: { size: 'small' }, power: 'stopped' };
const LARGE: Desired = { spec: { size: 'large' }, power: 'running' };

/** A change that dora asks for. */
export function changeInput(changes: Partial<ChangeRuntimeInput> = {}): ChangeRuntimeInput {
  return {
    operationId: newId('operation'),
    runtimeId: newId('runtime'),
    tenantId: 'acme',
    requester: developer,
    kind: 'stop',
    orders: [],
    ...changes,
  };
}

/** Let in, with these steps. */
export function admittedSteps(
  steps: readonly AdmittedStep[],
  changes: Partial<AcceptedChange> = {},
): AcceptedChange {
  return {
    admitted: true,
    target: {
      runtimeId: 'rt_target',
      runtimeName: 'box',
      tenantId: 'acme',
      project: 'default',
      environment: 'development',
      namespace: 'rtai-acme--default',
      release: 'box',
      type: 'sandbox',
      backend: 'sandbox',
      labels: {},
    },
    steps,
    knownRevision: 0,
    quota: { cpu: 8, memoryMiB: 16_384, pods: 40, storageGiB: 0 },
    policy: verdictOf(),
    stepTimeoutSeconds: 60,
    ...changes,
  };
}

const step = (change: Change, before: Desired | null, desired: Desired): AdmittedStep => ({
  action: null,
  change,
  before,
  desired,
});

export const creating = step({ verb: 'create' }, null, RUNNING);
export const stopping = step({ verb: 'stop', force: false }, RUNNING, STOPPED);
export const starting = step({ verb: 'start' }, STOPPED, RUNNING);
export const scaling = step({ verb: 'scale' }, RUNNING, LARGE);
export const restarting = step({ verb: 'restart' }, LARGE, LARGE);
export const deleting = step({ verb: 'delete' }, RUNNING, RUNNING);
export const snapshotting = step({ verb: 'snapshot', snapshot: { id: 'snp_1', name: 'one' } }, LARGE, LARGE);
