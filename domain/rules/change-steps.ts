import type { Change, Desired } from '../change.ts';
import type { AdmittedStep, Order, Wish } from '../change-operation.ts';
import type { AdmissionRefusal } from '../deployment.ts';
import type { OperationStep } from '../operation.ts';
import type { Capability, RuntimeType } from '../runtime.ts';
import { desiredAfter } from './desired.ts';
import { deletedAlready, obstacleTo } from './preconditions.ts';
import type { Phase } from './runtime-state.ts';

export interface Refusal {
  readonly code: AdmissionRefusal;
  readonly reason: string;
}

/** What is known of the runtime before the first step; `desired` is missing only where there is nothing. */
export interface Beginning {
  readonly type: RuntimeType;
  readonly phase: Phase;
  readonly capabilities: readonly Capability[];
  readonly limits?: Partial<Record<Capability, string>>;
  readonly desired: Desired | undefined;
  readonly snapshots: readonly {
    readonly id: string;
    readonly name: string;
    readonly status: string;
    readonly ref: Readonly<Record<string, string>> | null;
  }[];
}

/** The steps behind the orders, each beginning where the one before it ends, or why one of them cannot be. */
export function admittedSteps(
  orders: readonly Order[],
  beginning: Beginning,
): readonly AdmittedStep[] | Refusal {
  if (!beginning.desired) return { code: 'runtime_not_found', reason: 'There is no such runtime.' };
  const deleted = deletedAlready(beginning);
  if (deleted) return deleted;
  const { spec, power } = beginning.desired;
  let desired: Desired = { spec, power };
  const steps: AdmittedStep[] = [];
  for (const { action, wish } of orders) {
    const obstacle =
      obstacleTo(wish, { ...beginning, power: desired.power }) ?? takenName(wish, beginning, steps);
    if (obstacle) return numbered(obstacle, orders.length > 1 ? steps.length + 1 : undefined);
    const change = changeOf(wish, beginning);
    if ('code' in change) return change;
    const before = wish.verb === 'create' ? null : desired;
    desired = desiredAfter(beginning.type, desired, wish);
    steps.push({ action, change, before, desired });
  }
  return steps;
}

/** A step as the operation shows it before its turn comes. */
export function pendingStep({ action, change }: AdmittedStep): OperationStep {
  const { verb } = change;
  return { action, verb, status: 'pending', message: null, started_at: null, finished_at: null };
}

function numbered({ code, reason }: Refusal, number: number | undefined): Refusal {
  return { code, reason: number === undefined ? reason : `Action ${number}: ${reason}` };
}

function takenName(
  wish: Wish,
  { snapshots }: Beginning,
  steps: readonly AdmittedStep[],
): Refusal | undefined {
  if (wish.verb !== 'snapshot') return undefined;
  const { name } = wish.snapshot;
  const kept = snapshots
    .filter(({ status }) => status === 'ready' || status === 'creating')
    .map(one => one.name);
  const earlier = steps.flatMap(({ change }) => (change.verb === 'snapshot' ? [change.snapshot.name] : []));
  if (![...kept, ...earlier].includes(name)) return undefined;
  return {
    code: 'snapshot_name_taken',
    reason: `The runtime has a snapshot named ${name} already. Take another name.`,
  };
}

function changeOf(wish: Wish, { snapshots }: Beginning): Change | Refusal {
  switch (wish.verb) {
    case 'rollout_restart':
      return { verb: 'restart' };
    case 'create':
    case 'start':
    case 'restart':
    case 'delete':
      return { verb: wish.verb };
    case 'scale':
    case 'tune_policy':
      return { verb: wish.verb };
    case 'restore': {
      const found = snapshots.find(({ id, name }) => id === wish.snapshot || name === wish.snapshot);
      if (found?.status === 'ready' && found.ref)
        return { verb: 'restore', snapshot: { id: found.id, name: found.name, ref: found.ref } };
      const why = found ? `is ${found.status}` : 'is not one of this runtime';
      return {
        code: 'snapshot_not_found',
        reason: `Snapshot ${wish.snapshot} ${why}. GET …/snapshots lists them.`,
      };
    }
    default:
      return wish;
  }
}
