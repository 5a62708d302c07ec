import { condition, setHandler } from '@temporalio/workflow';
import type { OpenedApproval } from '../../activities/clearance.ts';
import type { Requester } from '../../domain/requester.ts';
import {
  type Answer,
  answerOf,
  decide,
  type Question,
  whyNotWelcome,
  withdrawableBy,
} from '../../domain/rules/approval.ts';
import { type DecideInput, decideUpdate, type WithdrawInput, withdrawUpdate } from '../messages.ts';
import type { Journal } from './journal.ts';
import { refuse } from './refuse.ts';

type Status = ReturnType<typeof decide>;

/** Asks people, and takes their answers as Updates: who may, how many, four eyes, one answer each, until it expires. */
export class ApprovalGate {
  private asked: OpenedApproval | undefined;
  private expired = false;
  private answers: Answer[] = [];

  constructor(
    private readonly input: { readonly requester: Requester },
    private readonly journal: Journal,
  ) {
    setHandler(decideUpdate, answer => this.take(answer), {
      validator: answer => this.mustBeWelcome(answer),
      description: 'Approve or reject this operation',
    });
    setHandler(withdrawUpdate, wish => this.takeBack(wish), {
      validator: wish => this.mustBeWithdrawable(wish),
      description: 'Take one’s decision back before anything is done',
    });
  }

  /** Waits for the decision; a timer ends the waiting. Answers to an earlier question count no more. */
  async awaitDecision(asked: OpenedApproval): Promise<'approved' | 'rejected' | 'expired'> {
    this.asked = asked;
    this.answers = [];
    this.expired = false;
    const decided = await condition(() => this.status() !== 'open', asked.expiresInSeconds * 1000, {
      summary: `approval expires after ${asked.expiresInSeconds} s`,
    });
    this.expired = !decided;
    const status = this.status();
    return status === 'open' ? 'expired' : status;
  }

  /** Who said yes, with their comments. */
  approvals(): string {
    const given = this.answers.filter(each => each.decision === 'approve');
    return `approved by ${given.map(inWords).join(', ')}`;
  }

  /** Who said no, and why. */
  rejection(): string {
    const answer = this.answers.find(each => each.decision === 'reject');
    return answer ? `rejected by ${answer.by.name}: ${answer.comment ?? 'no comment'}` : 'nobody rejected';
  }

  private question(): Question {
    const { demands = [], digest = '' } = this.asked ?? {};
    return { requester: this.input.requester, answers: this.answers, demands, digest };
  }

  private status(): Status {
    return decide(this.question());
  }

  /** Whether the question is still open comes first, in the words the API has for it once the run has ended. */
  private mustBeWelcome(offer: DecideInput): void {
    this.mustBeAsked(offer);
    if (this.expired) throw refuse('approval_expired', 'the approval expired before this decision');
    if (this.status() !== 'open') throw refuse('already_decided', `the approval is already ${this.status()}`);
    if (this.journal.stage !== 'awaiting_approval')
      throw refuse('not_awaiting_approval', `the operation is ${this.journal.stage}`);
    const unwelcome = whyNotWelcome(offer, this.question());
    if (unwelcome) throw refuse(unwelcome.code, unwelcome.message);
  }

  private mustBeWithdrawable({ by, ...wish }: WithdrawInput): void {
    this.mustBeAsked(wish);
    const { stage } = this.journal;
    if (stage !== 'awaiting_approval' && stage !== 'preparing')
      throw refuse('nothing_to_withdraw', `the operation is ${stage}: it has begun to act`);
    if (this.expired || this.status() === 'rejected')
      throw refuse('nothing_to_withdraw', `the approval is already ${this.expired ? 'expired' : 'rejected'}`);
    if (!withdrawableBy(by, this.answers))
      throw refuse('nothing_to_withdraw', 'there is no decision of yours on this approval');
  }

  private mustBeAsked({ approvalId }: { readonly approvalId: string }): void {
    if (!this.asked || approvalId !== this.asked.id)
      throw refuse('not_awaiting_approval', 'this operation does not wait for that approval');
  }

  private async take(offer: DecideInput): Promise<{ status: Status }> {
    const answer = answerOf(offer, this.question());
    this.answers.push(answer);
    const status = this.status();
    await this.journal.decided({ ...answer, approvalId: offer.approvalId });
    return { status };
  }

  private async takeBack({ by, approvalId, comment }: WithdrawInput): Promise<{ status: Status }> {
    const given = withdrawableBy(by, this.answers);
    if (!given) throw refuse('nothing_to_withdraw', 'there is no decision of yours on this approval');
    this.answers = this.answers.filter(answer => answer !== given);
    const status = this.status();
    await this.journal.withdrawn({ approvalId, by, decidedBy: given.by.id, ...(comment && { comment }) });
    return { status };
  }
}

function inWords({ by, inPlaceOf, comment }: Answer): string {
  const place = inPlaceOf ? ` for ${inPlaceOf.name}` : '';
  return `${by.name}${place}${comment ? ` (${comment})` : ''}`;
}
