import { writeChangeAdmitted, writeChangeRejected } from '../db/change-admission.ts';
import { readChangeFacts } from '../db/change-facts.ts';
import type { PolicyDecision } from '../db/policy-decisions.ts';
import type { TenantSql } from '../db/tables.ts';
import { orderOf } from '../domain/action-orders.ts';
import type { AdmittedStep, ChangeAdmission } from '../domain/change-operation.ts';
import type { ActionPlan } from '../domain/planner.ts';
import { admittedSteps, type Refusal } from '../domain/rules/change-steps.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import { reservationOfRuntime } from '../domain/rules/reservation.ts';
import { strictest } from '../policy/strictest.ts';
import { admittedChange, rejectedChange } from './change-admitted.ts';
import {
  type Case,
  type ChangeAsked,
  kindOf,
  type Limits,
  lastSeen,
  noRoom,
  type Place,
  refuse,
  unmetCondition,
} from './change-case.ts';
import { judgeGoal, judgeSteps } from './change-judging.ts';
import { planIntent } from './intent-planning.ts';

/** Judges a change and writes what follows from it: nothing, a rejected operation, or the beginning of a change. */
export async function admitChange(
  db: TenantSql,
  input: ChangeAsked,
  limits: Limits,
): Promise<ChangeAdmission> {
  const facts = await readChangeFacts(db, input);
  if (facts.answered) return facts.answered;
  const place = facts.runtime ?? input.create;
  if (!place) return refuse('runtime_not_found', `There is no runtime ${input.runtimeId}.`);
  const observed = lastSeen(facts, limits);
  const asked: Case = { input, facts, limits, place, kind: kindOf(input, facts), observed };
  const unmet = unmetCondition(asked);
  if (unmet) return unmet;

  const goal = input.intent ? [judgeGoal(asked)] : [];
  if (goal.some(denies)) return reject(db, asked, goal);
  const plan = input.intent && planIntent({ ...asked, request: input.intent.request });
  const steps = stepsOf(asked, plan);
  if ('code' in steps) return refuse(steps.code, steps.reason);
  const decisions = judgeSteps(asked, steps);
  if (decisions.some(denies)) return reject(db, asked, decisions);
  const policy = strictest([...goal, ...decisions].map(({ verdict }) => verdict));
  const reservation = mostOf(place, steps);
  const excess = noRoom(asked, reservation);
  if (excess) return excess;
  const admitted = admittedChange(asked, { plan, steps, decisions, goal, policy, reservation });
  await writeChangeAdmitted(db, admitted);
  return admitted.answer;
}

function stepsOf(
  { input, facts, kind, place }: Case,
  plan: ActionPlan | undefined,
): readonly AdmittedStep[] | Refusal {
  const orders = plan ? plan.actions.map(orderOf) : input.orders;
  const { runtime, snapshots } = facts;
  return admittedSteps(orders, {
    type: place.type,
    phase: runtime?.phase ?? 'installing',
    capabilities: kind?.capabilities ?? [],
    ...(kind && { limits: kind.limits }),
    desired: runtime ?? (input.create && { spec: input.create.spec, power: 'running' as const }),
    snapshots,
  });
}

function denies({ verdict }: PolicyDecision): boolean {
  return verdict.answer === 'deny';
}

async function reject(
  db: TenantSql,
  asked: Case,
  decisions: readonly PolicyDecision[],
): Promise<ChangeAdmission> {
  const rejected = rejectedChange(asked, decisions);
  await writeChangeRejected(db, rejected);
  return rejected.answer;
}

/** The most the runtime will hold after any of the steps. */
function mostOf({ type }: Place, steps: readonly AdmittedStep[]): Reservation {
  const all = steps.map(({ desired, change }) =>
    change.verb === 'delete'
      ? { cpuMilli: 0, memoryMiB: 0, pods: 0 }
      : reservationOfRuntime(type, desired.spec),
  );
  const most = (of: (one: Reservation) => number) => Math.max(0, ...all.map(of));
  return {
    cpuMilli: most(one => one.cpuMilli),
    memoryMiB: most(one => one.memoryMiB),
    pods: most(one => one.pods),
  };
}
