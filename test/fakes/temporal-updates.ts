import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { REFUSED } from '../../workflows/messages.ts';

export interface SentUpdate {
  readonly workflowId: string;
  readonly update: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A Temporal that remembers each Update it is sent, and answers all of them with the same. */
export class TemporalUpdates {
  readonly sent: SentUpdate[] = [];
  answer: unknown = { status: 'open' };
  /** Code by which the workflow refuses everything, while there is one. */
  refusal: string | undefined;

  /** As the API knows it; whatever else it is asked for, it has not. */
  asClient(): Client {
    const workflow = {
      getHandle: (workflowId: string) => ({
        executeUpdate: async (
          { name }: { name: string },
          { args: [input] }: { args: [SentUpdate['input']] },
        ) => {
          this.sent.push({ workflowId, update: name, input });
          if (this.refusal !== undefined) throw refusedWith(this.refusal);
          return this.answer;
        },
      }),
    };
    const withDeadline = <T>(_: number, work: () => Promise<T>) => work();
    const fake = { workflow, withDeadline, options: { namespace: 'default' }, connection: {} };
    return fake as unknown as Client;
  }
}

function refusedWith(code: string): WorkflowUpdateFailedError {
  const details = [{ code, message: 'this operation does not wait for that' }];
  const cause = ApplicationFailure.create({ type: REFUSED, nonRetryable: true, details });
  return new WorkflowUpdateFailedError('refused', cause);
}
