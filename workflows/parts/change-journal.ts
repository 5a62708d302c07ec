import { ApplicationFailure } from '@temporalio/workflow';
import type { ChangeOutcomeRecord, StepDoneRecord } from '../../activities/change-records.ts';
import type { ChangeNote, RecordKey } from '../../activities/records.ts';
import type { Verb } from '../../domain/change.ts';
import type { AcceptedChange, ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { OperationStep } from '../../domain/operation.ts';
import { pendingStep } from '../../domain/rules/change-steps.ts';
import { markOf } from '../../domain/rules/marks.ts';
import type { RuntimeType } from '../../domain/runtime.ts';
import { records } from '../activity-options.ts';
import { Journal } from './journal.ts';

/** How a change ended, as its story returns it; `skipped` is said of every step that had not begun. */
export type ChangeEnding = Omit<ChangeOutcomeRecord, keyof RecordKey | 'change'> & {
  readonly skipped?: string;
};

type StepDone = Omit<StepDoneRecord, keyof RecordKey | 'change' | 'mark'>;

/** The journal of an operation that goes step by step: each entry also says how far every step is. */
export class ChangeJournal extends Journal {
  private steps: OperationStep[] = [];
  private at = 0;
  private soaking = false;
  private verbs: readonly Verb[] = [];
  private type: RuntimeType;

  constructor(private readonly change: ChangeRuntimeInput) {
    super(change, () => this.note());
    this.type = change.create?.type ?? 'agent_runtime';
  }

  admitted({ steps, target }: AcceptedChange): void {
    this.type = target.type;
    this.verbs = steps.map(step => step.change.verb);
    this.steps = steps.map(pendingStep);
  }

  /** The step that is spoken of from now on. */
  turnTo(index: number): void {
    this.at = index;
  }

  mark(index: number, status: OperationStep['status'], message: string | null = null): void {
    const step = this.steps[index];
    if (!step) throw ApplicationFailure.nonRetryable(`There is no step ${index}.`);
    const now = new Date().toISOString();
    const began = step.started_at ?? now;
    this.steps[index] = {
      ...step,
      status,
      message: message?.slice(0, 1000) ?? step.message,
      started_at: status === 'skipped' ? null : began,
      finished_at: status === 'running' ? null : now,
    };
  }

  /** Writes that a step has come true, with what follows from it for the runtime. */
  async stepDone(index: number, done: StepDone): Promise<void> {
    this.mark(index, 'succeeded', done.message);
    const summary = `${this.note().subject}: ${done.message}`.slice(0, 190);
    await this.record(key =>
      records.recordStepDone.executeWithOptions({ summary }, [
        { ...key, ...done, mark: this.markOf(index), change: this.note() },
      ]),
    );
  }

  /** Writes that a step was taken back: the runtime is what it was before, and carries the mark it had then. */
  async undone(index: number, was: Omit<StepDone, 'done'> & { readonly mark?: string }): Promise<void> {
    this.mark(index, 'undone', was.message);
    await this.record(key =>
      records.recordStepDone.executeWithOptions({ summary: was.message.slice(0, 190) }, [
        { ...key, ...was, done: 'undone', change: this.note() },
      ]),
    );
  }

  /** From now on everything is done and still watched: stopping means taking it back. */
  soaks(): void {
    this.soaking = true;
  }

  /** Why it cannot be stopped any more although its stage would allow it. */
  irrevocable(): string | undefined {
    const done = this.steps.length > 0 && this.steps.every(({ status }) => status === 'succeeded');
    if (done && !this.soaking) return 'every step has come true already';
    const begun = this.stage === 'applying' || this.stage === 'verifying';
    return begun && this.verbs[this.at] === 'delete'
      ? 'a deletion that has begun cannot be stopped'
      : undefined;
  }

  async finishChange({ skipped, ...ending }: ChangeEnding): Promise<void> {
    for (const [index, step] of this.steps.entries())
      if (step.status === 'pending') this.mark(index, 'skipped', skipped ?? ending.message);
    const summary = this.ended(ending);
    await this.record(key =>
      records.recordChangeOutcome.executeWithOptions({ summary }, [
        { ...key, ...ending, change: this.note() },
      ]),
    );
  }

  /** What was done, in words. */
  summary(): string {
    return this.steps.map(({ verb, message }) => `${verb}: ${message ?? 'done'}`).join('; ');
  }

  private markOf(index: number): string {
    return markOf({ operationId: this.change.operationId, index });
  }

  private note(): ChangeNote {
    const { kind } = this.change;
    // Where nothing is to be done only the end is told, which needs the subject and not the verb.
    const verb = this.verbs[this.at] ?? (kind === 'actions' || kind === 'intent' ? 'restart' : kind);
    const subject = this.verbs[this.at] ? `lifecycle.${verb}` : kind;
    return { kind, subject, verb, type: this.type, by: this.change.requester.name, steps: this.steps };
  }
}
