import type { Clearance } from '../../activities/clearance.ts';
import type { Proposal } from '../../activities/proposal.ts';
import type { ClosedApproval } from '../../domain/approval.ts';
import type { PolicyVerdict } from '../../domain/policy.ts';
import type { ApprovalGate } from './approval-gate.ts';
import type { Journal, StageNotes } from './journal.ts';

/** What is to be done next, and how to look again at what it would change. */
export interface Act {
  /** Of a change: which of its steps. */
  readonly index: number;
  /** What it is, for the record that it begins. */
  readonly message: () => string;
  readonly notes?: () => StageNotes;
  readonly propose: () => Proposal;
  /** Answers when it was given up on. */
  readonly lookAgain: () => Promise<Withheld | undefined>;
}

/** Why it may not be done. */
export interface Withheld {
  readonly outcome: 'rejected' | 'expired' | 'abandoned';
  readonly message: string;
  readonly approvalStatus?: ClosedApproval;
}

type Missing = Extract<Clearance, { why: 'consent_needed' }>;

/**
 * Lets an operation act only with the consent that the policies want: people are shown what was planned, and right
 * before it acts policies, plan and the approvers' rights are looked at once more. What has changed voids the consent.
 */
export class Consent {
  constructor(
    private readonly journal: Journal,
    private readonly gate: ApprovalGate,
  ) {}

  /** Asks people where the policies at admission wanted it; answers why it may not go on. */
  async ask(policy: PolicyVerdict, act: Act): Promise<Withheld | undefined> {
    return policy.answer === 'require_approval' ? this.askFor({ verdict: policy }, act) : undefined;
  }

  /** Begins to act: the stage is `applying` afterwards. Answers why it may not. */
  async obtain(act: Act): Promise<Withheld | undefined> {
    for (;;) {
      const { index, message, propose } = act;
      const clearance = await this.journal.clear({
        message: message(),
        ...act.notes?.(),
        ...propose(),
        index,
      });
      if (clearance.cleared) return undefined;
      if (clearance.why === 'denied')
        return { outcome: 'rejected', message: clearance.verdict.reason, approvalStatus: 'void' };
      const withheld = await this.askFor(clearance, act);
      if (withheld) return withheld;
    }
  }

  private async askFor(
    { verdict, supersedes, difference }: Pick<Missing, 'verdict' | 'supersedes' | 'difference'>,
    { propose, lookAgain }: Act,
  ): Promise<Withheld | undefined> {
    const message = difference ? `asked again, because of ${difference}` : verdict.reason;
    const approval = await this.journal.openApproval({
      ...propose(),
      policy: verdict,
      message,
      ...(supersedes && { supersedes }),
      ...(difference && { difference }),
    });
    const status = await this.gate.awaitDecision(approval);
    if (status === 'rejected')
      return { outcome: 'rejected', message: this.gate.rejection(), approvalStatus: 'rejected' };
    if (status === 'expired')
      return { outcome: 'expired', message: 'nobody decided in time', approvalStatus: 'expired' };
    await this.journal.enter('preparing', this.gate.approvals(), { approvalStatus: 'approved' });
    return lookAgain();
  }
}
