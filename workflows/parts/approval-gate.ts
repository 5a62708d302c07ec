import { condition, setHandler } from '@temporalio/workflow';
import type { Admission, Requester } from '../../domain/deployment.ts';
import { type Answer, decide } from '../../domain/rules/approval.ts';
import { type DecideInput, decideUpdate } from '../messages.ts';
import type { Journal } from './journal.ts';
import { refuse } from './refuse.ts';

type Question = NonNullable<Extract<Admission, { admitted: true }>['approval']>;

/** Asks people, and takes their answers as Updates: quorum, four eyes, one answer each, until it expires. */
export class ApprovalGate {
  private question: Question | undefined;
  private expired = false;
  private readonly answers: Answer[] = [];

  constructor(
    private readonly input: { readonly requester: Requester },
    private readonly journal: Journal,
  ) {
    setHandler(decideUpdate, answer => this.take(answer), {
      validator: answer => this.mustBeWelcome(answer),
      description: 'Approve or reject this operation',
    });
  }

  /** Waits for the decision; a timer ends the waiting. */
  async awaitDecision(question: Question): Promise<'approved' | 'rejected' | 'expired'> {
    this.question = question;
    const decided = await condition(() => this.status() !== 'open', question.expiresInSeconds * 1000, {
      summary: `approval expires after ${question.expiresInSeconds} s`,
    });
    this.expired = !decided;
    const status = this.status();
    return status === 'open' ? 'expired' : status;
  }

  /** Who said yes, with their comments. */
  approvals(): string {
    const given = this.answers.filter(each => each.decision === 'approve');
    return `approved by ${given.map(({ by, comment }) => (comment ? `${by.name} (${comment})` : by.name)).join(', ')}`;
  }

  /** Who said no, and why. */
  rejection(): string {
    const answer = this.answers.find(each => each.decision === 'reject');
    return answer ? `rejected by ${answer.by.name}: ${answer.comment ?? 'no comment'}` : 'nobody rejected';
  }

  private status(): 'open' | 'approved' | 'rejected' {
    return decide(this.answers, this.question?.quorum ?? 1);
  }

  /** Whether the question is still open comes first, in the words the API has for it once the run has ended. */
  private mustBeWelcome(answer: DecideInput): void {
    if (!this.question || answer.approvalId !== this.question.id)
      throw refuse('not_awaiting_approval', 'this operation does not wait for that approval');
    if (this.expired) throw refuse('approval_expired', 'the approval expired before this decision');
    if (this.status() !== 'open') throw refuse('already_decided', `the approval is already ${this.status()}`);
    if (this.journal.stage !== 'awaiting_approval')
      throw refuse('not_awaiting_approval', `the operation is ${this.journal.stage}`);
    if (answer.by.id === this.input.requester.id)
      throw refuse('four_eyes', 'whoever asked for an operation cannot decide on it');
    if (this.answers.some(each => each.by.id === answer.by.id))
      throw refuse('already_decided', 'you have already decided on this approval');
  }

  private async take(answer: DecideInput): Promise<{ status: 'open' | 'approved' | 'rejected' }> {
    this.answers.push(answer);
    const status = this.status();
    await this.journal.decided(answer);
    return { status };
  }
}
