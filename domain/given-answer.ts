import type { Decision } from './approval.ts';
import { type Approver, approverIn } from './approver.ts';
import type { Requester } from './requester.ts';
import type { Answer } from './rules/approval.ts';

/** An answer to an approval as it is kept, which was not withdrawn. */
export interface GivenAnswer {
  readonly principalId: string;
  readonly name: string;
  readonly personId: string;
  /** In whose place it was given. */
  readonly forId: string | null;
  readonly forName: string | null;
  readonly acr: string | null;
  readonly decision: Decision['decision'];
}

/** Ids of everybody who gave one of these answers, for whom an agent did, or in whose place one was given. */
export function involvedIn(answers: readonly GivenAnswer[]): string[] {
  return answers.flatMap(({ principalId, personId, forId }) => [
    principalId,
    personId,
    ...(forId === null ? [] : [forId]),
  ]);
}

/** The answer with what its giver, and the one in whose place it was given, may in the project now. */
export function answerNow(given: GivenAnswer, project: string, approvers: readonly Approver[]): Answer {
  const { principalId, name, personId, forId, forName, acr, decision } = given;
  const known = (id: string, called: string): Requester => {
    const approver = approvers.find(each => each.id === id);
    return approver
      ? approverIn(project, approver)
      : { id, name: called, kind: 'human', roles: [], groups: [] };
  };
  return {
    by: { ...known(principalId, name), personId, ...(acr !== null && { acr }) },
    decision,
    ...(forId !== null && { inPlaceOf: known(forId, forName ?? forId) }),
  };
}
