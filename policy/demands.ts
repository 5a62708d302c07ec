import type { ApprovalDemand, ApprovalParams } from '../domain/policy.ts';
import { compare, type Placed, ruleName } from './naming.ts';

/** A demand for consent and how long people have for it. */
export interface TimedDemand {
  readonly placed: Placed;
  readonly demand: ApprovalDemand;
  readonly expiresInSeconds: number;
}

const ONE_PERSON_IN_A_DAY: ApprovalParams = { quorum: 1, expires_in_seconds: 24 * 3600 };

/** What a rule demands by its parameters; without any, one person within a day. */
export function timedDemandOf(placed: Placed, params: ApprovalParams = ONE_PERSON_IN_A_DAY): TimedDemand {
  const { quorum, roles = [], groups = [], acr = [], expires_in_seconds } = params;
  return {
    placed,
    demand: { quorum, roles, groups, acr, because: ruleName(placed) },
    expiresInSeconds: expires_in_seconds,
  };
}

/** Each demand once, in an order that does not depend on where it came from. */
export function distinctDemands(demands: readonly ApprovalDemand[]): ApprovalDemand[] {
  const named = demands.map(demand => [`${demand.because} ${JSON.stringify(demand)}`, demand] as const);
  return [...new Map(named.toSorted(([one], [other]) => compare(one, other))).values()];
}
