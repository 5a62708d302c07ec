import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { describeFailure } from './describe-failure.ts';

describe('what an activity ended with', () => {
  it('keeps the type, which is the code, and the words of the failure', () => {
    const failure = ended(
      ApplicationFailure.nonRetryable('values do not match the schema', 'values_refused'),
    );

    expect(describeFailure(failure)).toEqual({
      code: 'values_refused',
      reason: 'values do not match the schema',
      outcome: 'failed',
    });
  });

  it('is errored when the cluster could not be reached', () => {
    const failure = ended(ApplicationFailure.retryable('connection refused', 'cluster_unreachable'));

    expect(describeFailure(failure)).toMatchObject({ code: 'cluster_unreachable', outcome: 'errored' });
  });

  it('is errored when time ran out and nobody knows why', () => {
    const failure = ended(new TimeoutFailure('activity timed out', undefined, TimeoutType.HEARTBEAT));

    expect(describeFailure(failure)).toMatchObject({ code: 'timed_out', outcome: 'errored' });
  });

  it.each([
    ['a failure without a type', ended(ApplicationFailure.nonRetryable('what?'))],
    ['an error that no activity has classified', ended(ApplicationFailure.retryable('what?', 'TypeError'))],
    [
      'a failure whose type is none of ours',
      ended(ApplicationFailure.nonRetryable('what?', 'ValuesRefused')),
    ],
    ['an error of our own code', new TypeError('what?')],
    ['something that is no error', 'what?'],
  ])('is errored when it is %s', (_name, error) => {
    expect(describeFailure(error)).toEqual({ code: 'unknown', reason: 'what?', outcome: 'errored' });
  });
});

function ended(cause: Error): ActivityFailure {
  return new ActivityFailure(
    'Activity task failed',
    'installRelease',
    '1',
    RetryState.NON_RETRYABLE_FAILURE,
    'worker',
    cause,
  );
}
