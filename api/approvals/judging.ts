import type { FullApproval } from '../../db/approvals.ts';
import { type Approver, approverIn, rightsIn, rolesIn } from '../../domain/approver.ts';
import { answerNow } from '../../domain/given-answer.ts';
import type { ApprovalDemand } from '../../domain/policy.ts';
import { mayDoIn, type Principal } from '../../domain/principal.ts';
import type { Requester } from '../../domain/requester.ts';
import {
  answerOf,
  fits,
  type Progress,
  progressOf,
  type Question,
  type Unwelcome,
  whyNotWelcome,
} from '../../domain/rules/approval.ts';
import { standingAnswers } from '../../domain/rules/standing-answers.ts';
import { requesterOf } from '../http/request.ts';

/** By what the caller may decide in one project: as themselves, and in the place of whoever delegates to them. */
export interface Entitlement {
  readonly by: Requester;
  readonly inPlaceOf: readonly Requester[];
}

/** What an approval is judged by, whether it was read in full or only as far as needed. */
export type Judged = Pick<FullApproval, 'project' | 'requesterPerson' | 'answers'> & {
  readonly requesterId: string;
  readonly demands: readonly ApprovalDemand[];
  readonly digest?: string;
};

/** Who the caller is to an approval of this project: roles and groups are only those by which they may decide there. */
export function entitlementOf(
  caller: Principal,
  project: string,
  approvers: readonly Approver[],
): Entitlement {
  const own = mayDoIn(caller, 'approval:decide', project);
  const roles = own ? rolesIn(project, caller.grants) : [];
  const by = { ...requesterOf(caller), roles, groups: own ? caller.groups : [] };
  const delegators = approvers.find(({ id }) => id === caller.id)?.inPlaceOf ?? [];
  // A key that is limited to other things decides for nobody.
  if (caller.scopes && !caller.scopes.includes('approval:decide')) return { by, inPlaceOf: [] };
  const inPlaceOf = approvers
    .filter(({ id }) => delegators.includes(id))
    .map(each => approverIn(project, each))
    .filter(({ roles: theirs = [] }) => theirs.length > 0);
  return { by, inPlaceOf };
}

/** Whether it is a right to decide on anything at all in the project, be it by delegation. */
export function isEntitled({ by, inPlaceOf }: Entitlement): boolean {
  return (by.roles ?? []).length > 0 || inPlaceOf.length > 0;
}

/** Whether the approval waits for a yes that may be given by it. */
export function waitsFor(entitlement: Entitlement, judged: Judged, approvers: readonly Approver[]): boolean {
  const question = questionOf(judged, approvers);
  const offer = { ...entitlement, decision: 'approve' } as const;
  if (!isEntitled(entitlement) || whyNotWelcome(offer, question)) return false;
  const answer = answerOf(offer, question);
  return progressNow(judged, approvers).some(({ demand, missing }) => missing > 0 && fits(answer, demand));
}

/** What a decision by it would be: whose it counts as, or why it is not taken. */
export function outlookOf(
  entitlement: Entitlement,
  judged: Judged,
  approvers: readonly Approver[],
): Unwelcome | { readonly inPlaceOf: string | null } {
  const question = questionOf(judged, approvers);
  const offer = { ...entitlement, decision: 'approve' } as const;
  return whyNotWelcome(offer, question) ?? { inPlaceOf: answerOf(offer, question).inPlaceOf?.name ?? null };
}

/** How far the demands are met by the answers whose givers still may give them. */
export function progressNow(judged: Judged, approvers: readonly Approver[]): Progress[] {
  const { project, demands } = judged;
  const { answers } = questionOf(judged, approvers);
  const rights = approvers.map(approver => rightsIn(project, approver));
  return progressOf({ demands, answers: standingAnswers({ answers, demands, rights }).answers });
}

function questionOf(judged: Judged, approvers: readonly Approver[]): Question {
  const { requesterId: id, requesterPerson: personId, demands, digest = '' } = judged;
  const answers = judged.answers.map(given => answerNow(given, judged.project, approvers));
  return { requester: { id, name: 'whoever asks', kind: 'human', personId }, demands, digest, answers };
}
