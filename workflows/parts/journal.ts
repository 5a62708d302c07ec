import { CancellationScope, setCurrentDetails } from '@temporalio/workflow';
import type {
  Clearance,
  ClearanceSought,
  ConsentSought,
  OpenedApproval,
} from '../../activities/clearance.ts';
import type {
  DecisionRecord,
  InterventionRecord,
  WithdrawalRecord,
} from '../../activities/people-records.ts';
import type { OutcomeRecord, RecordKey, StageRecord } from '../../activities/records.ts';
import type { Outcome, Stage } from '../../domain/operation.ts';
import { records } from '../activity-options.ts';
import type { DeployState } from '../messages.ts';

/** How a deploy ended, as the story returns it. */
export type Ending = Omit<OutcomeRecord, keyof RecordKey>;

/** What a stage says beside its name. */
export type StageNotes = Omit<StageRecord, keyof RecordKey | 'stage' | 'message'>;

/**
 * Keeps stage, log, database and Web UI in step: each entry is one local activity and one line of the current details.
 * Entries are written even while the operation is being cancelled, and one after the other: of two local activities
 * under way at once, a replay may hear of the second before it has gone on with the first
 * (test/workflows/deploy-runtime-approval.test.ts, every run of which is replayed).
 */
export class Journal {
  stage: Stage = 'checking_policy';
  waitsFor: string | undefined;
  outcome: Outcome | undefined;
  private step = 0;
  private written: Promise<unknown> = Promise.resolve();
  private readonly lines: string[] = [];

  /** `about`: what a change says of itself with every stage; a deploy has nothing to add. */
  constructor(
    private readonly input: Omit<RecordKey, 'step'>,
    private readonly about: () => StageRecord['change'] = () => undefined,
  ) {
    this.show('checking_policy', 'who asks, what is allowed, what is left of the quota');
  }

  async enter(stage: Stage, message: string, notes: StageNotes = {}): Promise<void> {
    this.began(stage, message, notes.waitsFor);
    const change = this.about();
    const record = { ...this.nextKey(), stage, message, ...notes, ...(change && { change }) };
    const summary = `${stage}: ${message}`.slice(0, 190);
    await this.write(() => records.recordStage.executeWithOptions({ summary }, [record]));
  }

  /** Asks whether it may act; when it may, it is in the stage `applying` from now on, and that is written. */
  async clear({ message, ...asked }: Omit<ClearanceSought, keyof RecordKey | 'stage'>): Promise<Clearance> {
    const change = this.about();
    const record = {
      ...this.nextKey(),
      stage: 'applying' as const,
      message,
      ...asked,
      ...(change && { change }),
    };
    const summary = `applying: ${message}`.slice(0, 190);
    const clearance = await this.write(() => records.clear.executeWithOptions({ summary }, [record]));
    if (clearance.cleared) this.began('applying', message);
    return clearance;
  }

  /** Opens a question to people; it waits for them from now on. */
  async openApproval(asked: Omit<ConsentSought, keyof RecordKey>): Promise<OpenedApproval> {
    const change = this.about();
    const record = { ...this.nextKey(), ...asked, ...(change && { change }) };
    const summary = `awaiting_approval: ${asked.message}`.slice(0, 190);
    const opened = await this.write(() => records.openApproval.executeWithOptions({ summary }, [record]));
    this.began('awaiting_approval', asked.message, 'an approval');
    return opened;
  }

  /** Is in a stage from now on, without a record: admission has written it, or the record follows. */
  began(stage: Stage, message: string, waitsFor?: string): void {
    this.stage = stage;
    this.waitsFor = waitsFor;
    this.show(stage, message);
  }

  async finish(ending: Ending): Promise<void> {
    const summary = this.ended(ending);
    const record = { ...this.nextKey(), ...ending };
    await this.write(() => records.recordOutcome.executeWithOptions({ summary }, [record]));
  }

  /** Is over from now on; answers the line that says how. */
  ended({ outcome, message }: Pick<Ending, 'outcome' | 'message'>): string {
    this.stage = 'finished';
    this.outcome = outcome;
    this.waitsFor = undefined;
    this.show(outcome, message);
    return `${outcome}: ${message}`.slice(0, 190);
  }

  /** Writes a further record, in its turn and under the next number. */
  record(write: (key: RecordKey) => Promise<void>): Promise<void> {
    const key = this.nextKey();
    return this.write(() => write(key));
  }

  /** Writes down what one person decided; it is no stage of its own. */
  async decided(decision: Omit<DecisionRecord, keyof RecordKey | 'decidedAt'>): Promise<void> {
    const record = { ...this.nextKey(), ...decision, decidedAt: new Date().toISOString() };
    const summary = `${decision.decision} by ${decision.by.name}`.slice(0, 190);
    await this.write(() => records.recordDecision.executeWithOptions({ summary }, [record]));
  }

  /** Writes down that one person took a decision back. */
  async withdrawn(withdrawal: Omit<WithdrawalRecord, keyof RecordKey>): Promise<void> {
    const record = { ...this.nextKey(), ...withdrawal };
    const summary = `withdrawn by ${withdrawal.by.name}`.slice(0, 190);
    await this.write(() => records.recordWithdrawal.executeWithOptions({ summary }, [record]));
  }

  /** Writes down that one person stepped in. */
  async intervened(intervention: Omit<InterventionRecord, keyof RecordKey>): Promise<void> {
    const record = { ...this.nextKey(), ...intervention };
    const summary = intervention.message.slice(0, 190);
    await this.write(() => records.recordIntervention.executeWithOptions({ summary }, [record]));
  }

  state(): DeployState {
    return {
      operationId: this.input.operationId,
      stage: this.stage,
      ...(this.outcome && { outcome: this.outcome }),
      ...(this.waitsFor && { waitsFor: this.waitsFor }),
    };
  }

  private write<T>(record: () => Promise<T>): Promise<T> {
    const writing = this.written.then(() => CancellationScope.nonCancellable(record));
    this.written = Promise.allSettled([writing]);
    return writing;
  }

  private nextKey(): RecordKey {
    this.step += 1;
    const { tenantId, runtimeId, operationId, deploymentId } = this.input;
    return {
      tenantId,
      runtimeId,
      operationId,
      ...(deploymentId && { deploymentId }),
      step: this.step,
    };
  }

  private show(heading: string, message: string): void {
    if (this.lines.at(-1)?.startsWith(`- **${heading}**`) && this.lines.at(-1)?.endsWith(`: ${message}`))
      return;
    this.lines.push(`- **${heading}** ${new Date().toISOString()}: ${message}`);
    setCurrentDetails(this.lines.join('\n'));
  }
}
