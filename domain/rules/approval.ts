import type { ApprovalDemand } from '../policy.ts';
import type { Requester } from '../requester.ts';
import { demandInWords } from './demand-in-words.ts';

/** An answer as it arrives: by whom, and who has delegated their decisions to them. */
export interface Offer {
  readonly by: Requester;
  readonly inPlaceOf?: readonly Requester[];
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
  /** Digest of what was on the screen. */
  readonly digest?: string;
}

/** An answer as it counts: with the roles and groups of `inPlaceOf` where it was given in somebody's place. */
export interface Answer {
  readonly by: Requester;
  readonly inPlaceOf?: Requester;
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
}

/** What is asked, who asked for it, and what was answered and not withdrawn so far. */
export interface Question {
  readonly requester: Requester;
  readonly demands: readonly ApprovalDemand[];
  readonly answers: readonly Answer[];
  /** Digest of exactly what is shown. */
  readonly digest: string;
}

export interface Unwelcome {
  readonly code: 'four_eyes' | 'already_decided' | 'not_an_approver' | 'approval_changed';
  readonly message: string;
}

/** How far a demand is met. */
export interface Progress {
  readonly demand: ApprovalDemand;
  readonly agreed: readonly Answer[];
  /** How many more persons must agree. */
  readonly missing: number;
}

/**
 * What the answers come to. One rejection closes the question; it is approved when each demand is met by as many
 * different persons as its quorum. One person may count for several demands, but never twice for one.
 */
export function decide(said: Pick<Question, 'answers' | 'demands'>): 'open' | 'approved' | 'rejected' {
  if (said.answers.some(answer => answer.decision === 'reject')) return 'rejected';
  return progressOf(said).every(({ missing }) => missing === 0) ? 'approved' : 'open';
}

/** How far each demand is met. Nothing demanded still needs somebody's yes. */
export function progressOf({ answers, demands }: Pick<Question, 'answers' | 'demands'>): Progress[] {
  return orAnybody(demands).map(demand => {
    const agreed = answers.filter(answer => answer.decision === 'approve' && fits(answer, demand));
    return { demand, agreed, missing: Math.max(0, demand.quorum - personsBehind(agreed)) };
  });
}

/** Why an answer is not taken; nothing when it is welcome. */
export function whyNotWelcome(offer: Offer, question: Question): Unwelcome | undefined {
  const weighed = weigh(offer, question);
  return 'code' in weighed ? weighed : undefined;
}

/** A welcome answer as it counts: one's own where that fits a demand, else in the place of the first who does. */
export function answerOf(offer: Offer, question: Question): Answer {
  const weighed = weigh(offer, question);
  return 'code' in weighed ? answered(offer) : weighed;
}

/** The answer that somebody may take back: their own, or the one given in their place. */
export function withdrawableBy(by: Requester, answers: readonly Answer[]): Answer | undefined {
  return answers.find(answer => meet(personsOf(answer), personsOf({ by })));
}

/**
 * Whether an answer comes from somebody whom the demand is about. Who has an empty list of roles has no right to decide
 * here, only perhaps somebody in whose place they do. How they signed in is the clicking one’s own.
 */
export function fits({ by, inPlaceOf }: Pick<Answer, 'by' | 'inPlaceOf'>, demand: ApprovalDemand): boolean {
  const { roles, groups = [] } = inPlaceOf ?? by;
  if (roles?.length === 0) return false;
  const anybody = demand.roles.length === 0 && demand.groups.length === 0;
  const named = meet(demand.roles, roles ?? []) || meet(demand.groups, groups);
  return (anybody || named) && (demand.acr.length === 0 || meet(demand.acr, present(by.acr)));
}

/** Everybody who stands behind an answer: an agent counts as the person it belongs to and as the one it acts for. */
export function personsOf({ by, inPlaceOf }: Pick<Answer, 'by' | 'inPlaceOf'>): readonly string[] {
  return [by, ...present(inPlaceOf)].flatMap(({ id, personId, ownerId, onBehalfOf }) => [
    id,
    ...present(personId),
    ...present(ownerId),
    ...present(onBehalfOf?.id),
  ]);
}

const ANYBODY: ApprovalDemand = {
  quorum: 1,
  roles: [],
  groups: [],
  acr: [],
  because: 'it waits for an approval',
};

function orAnybody(demands: readonly ApprovalDemand[]): readonly ApprovalDemand[] {
  return demands.length > 0 ? demands : [ANYBODY];
}

/** How many persons there are at least: answers that share one, directly or by delegation, count as one. */
function personsBehind(answers: readonly Answer[]): number {
  let persons: (readonly string[])[] = [];
  for (const own of answers.map(personsOf)) {
    const same = persons.filter(each => meet(each, own));
    persons = [...persons.filter(each => !same.includes(each)), [...own, ...same.flat()]];
  }
  return persons.length;
}

function weigh(offer: Offer, question: Question): Answer | Unwelcome {
  if (offer.digest !== undefined && offer.digest !== question.digest)
    return {
      code: 'approval_changed',
      message: 'it is not about what you saw any more: read the approval again',
    };
  return whyNotFrom(offer.by, question) ?? choose(offer, question);
}

/** Oneself before those in whose place one may decide; whoever helps a demand that is not met yet before all. */
function choose(offer: Offer, question: Question): Answer | Unwelcome {
  const demands = orAnybody(question.demands);
  const possible = [answered(offer), ...(offer.inPlaceOf ?? []).map(each => answered(offer, each))];
  const fitting = possible.filter(answer => demands.some(demand => fits(answer, demand)));
  const free = fitting.filter(({ inPlaceOf }) => !inPlaceOf || !whyNotFrom(inPlaceOf, question));
  const unmet = progressOf(question).filter(({ missing }) => missing > 0);
  const chosen = free.find(answer => unmet.some(({ demand }) => fits(answer, demand))) ?? free[0];
  return chosen ?? whyNobody(fitting[0]?.inPlaceOf, question);
}

function answered({ by, decision, comment }: Offer, inPlaceOf?: Requester): Answer {
  return { by, decision, ...(inPlaceOf && { inPlaceOf }), ...(comment !== undefined && { comment }) };
}

/** Why nobody may decide who is, or is represented by, this one: they asked for it, or their answer is there. */
function whyNotFrom(them: Requester, { requester, answers }: Question): Unwelcome | undefined {
  const persons = personsOf({ by: them });
  const asking = personsOf({ by: requester });
  if (meet(persons, asking))
    return {
      code: 'four_eyes',
      message: `${them.name} asked for it, or an agent of theirs did: somebody else must decide`,
    };
  if (meet(present(them.issuedBy), asking))
    return {
      code: 'four_eyes',
      message: `the key of ${them.name} was made by whoever asked for it: decide with another key, or a login`,
    };
  const earlier = answers.find(answer => meet(personsOf(answer), persons));
  if (!earlier) return undefined;
  const how = meet(personsOf({ by: earlier.by }), persons) ? '' : `, by ${earlier.by.name} in their place`;
  return { code: 'already_decided', message: `${them.name} has already decided on this approval${how}` };
}

function whyNobody(represented: Requester | undefined, question: Question): Unwelcome {
  const why = represented && whyNotFrom(represented, question);
  if (why) return why;
  const wanted = orAnybody(question.demands).map(demandInWords).join('; ');
  return { code: 'not_an_approver', message: `your decision does not count here. Asked for: ${wanted}` };
}

function meet(some: readonly string[], others: readonly string[]): boolean {
  return some.some(each => others.includes(each));
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
