import { ApplicationFailure } from '@temporalio/workflow';
import { REFUSED, type RefusalCode } from '../messages.ts';

/** The failure a message is refused with; the caller reads code and reason from its first detail. */
export function refuse(code: RefusalCode, message: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: REFUSED,
    message,
    nonRetryable: true,
    details: [{ code, message }],
  });
}
