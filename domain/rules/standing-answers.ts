import type { ApprovalDemand } from '../policy.ts';
import type { Role } from '../principal.ts';
import type { Requester } from '../requester.ts';
import { type Answer, fits } from './approval.ts';

/** What somebody may at this moment, in the project that an approval is about. */
export interface ApproverRights {
  readonly id: string;
  readonly name: string;
  /** The person behind them: of an agent its owner, else they themselves. */
  readonly personId: string;
  /** Whether they are there, not disabled, and may decide on approvals in the project by a right of their own. */
  readonly mayDecide: boolean;
  readonly disabled: boolean;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** Who delegates their decisions to them. */
  readonly inPlaceOf: readonly string[];
}

export interface Standing {
  /** The answers that still count, with the roles and groups of now. */
  readonly answers: readonly Answer[];
  /** The others, each with what became of the right it was given by. */
  readonly fallen: readonly { readonly answer: Answer; readonly why: string }[];
}

/** Which answers still count by what everybody may now: a right that ended takes the approval given by it along. */
export function standingAnswers(given: {
  readonly answers: readonly Answer[];
  readonly demands: readonly ApprovalDemand[];
  readonly rights: readonly ApproverRights[];
}): Standing {
  const now = new Map(given.rights.map(each => [each.id, each]));
  const judged = given.answers.map(answer => {
    const renewed = withRightsOfNow(answer, now);
    return { answer, renewed, why: whyFallen(renewed, now, given.demands) };
  });
  return {
    answers: judged.filter(({ why }) => why === undefined).map(({ renewed }) => renewed),
    fallen: judged.flatMap(({ answer, why }) => (why === undefined ? [] : [{ answer, why }])),
  };
}

type Rights = ReadonlyMap<string, ApproverRights>;

function withRightsOfNow(answer: Answer, now: Rights): Answer {
  const { inPlaceOf } = answer;
  return {
    ...answer,
    by: renewed(answer.by, now),
    ...(inPlaceOf && { inPlaceOf: renewed(inPlaceOf, now) }),
  };
}

function renewed(who: Requester, now: Rights): Requester {
  const { roles = [], groups = [] } = now.get(who.id) ?? {};
  return { ...who, roles, groups };
}

function whyFallen(answer: Answer, now: Rights, demands: readonly ApprovalDemand[]): string | undefined {
  const { by, inPlaceOf } = answer;
  const giver = now.get(by.id);
  if (!giver || giver.disabled) return `${by.name} is disabled or gone`;
  if (inPlaceOf && !giver.inPlaceOf.includes(inPlaceOf.id))
    return `${by.name} does not decide in the place of ${inPlaceOf.name} any more`;
  const person = whyPersonFallen(answer, giver, now);
  if (person !== undefined) return person;
  const entitled = inPlaceOf ?? by;
  if (!now.get(entitled.id)?.mayDecide) return `${entitled.name} may not decide on approvals any more`;
  if (demands.length > 0 && !demands.some(demand => fits(answer, demand)))
    return `${entitled.name} has lost the role or group by which they were asked`;
  return undefined;
}

/** An agent that acted for somebody beside its owner could do only what that person might as well. */
function whyPersonFallen({ by, inPlaceOf }: Answer, giver: ApproverRights, now: Rights): string | undefined {
  const { personId = by.id } = by;
  if (personId === by.id || personId === giver.personId) return undefined;
  const person = now.get(personId);
  const whom = `${person?.name ?? personId}, for whom ${by.name} decided,`;
  if (!person || person.disabled) return `${whom} is disabled or gone`;
  return inPlaceOf || person.mayDecide ? undefined : `${whom} may not decide on approvals any more`;
}
