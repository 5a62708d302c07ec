import type { Requester } from '../deployment.ts';

/** One person's answer to an approval. */
export interface Answer {
  readonly by: Requester;
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
}

/** One rejection closes the question; approvals close it when as many different people as the quorum have given one. */
export function decide(answers: readonly Answer[], quorum: number): 'open' | 'approved' | 'rejected' {
  if (answers.some(answer => answer.decision === 'reject')) return 'rejected';
  const approvers = new Set(answers.map(answer => answer.by.id));
  return approvers.size >= quorum ? 'approved' : 'open';
}
