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
  it('keeps the type and the words of the failure', () => {
    const failure = ended(ApplicationFailure.nonRetryable('values do not match the schema', 'ChartInvalid'));

    expect(describeFailure(failure)).toEqual({
      code: 'ChartInvalid',
      reason: 'values do not match the schema',
      outcome: 'failed',
    });
  });

  it('is errored when the cluster could not be reached', () => {
    const failure = ended(ApplicationFailure.retryable('connection refused', 'ClusterUnreachable'));

    expect(describeFailure(failure)).toMatchObject({ code: 'ClusterUnreachable', outcome: 'errored' });
  });

  it('is errored when time ran out and nobody knows why', () => {
    const failure = ended(new TimeoutFailure('activity timed out', undefined, TimeoutType.HEARTBEAT));

    expect(describeFailure(failure)).toMatchObject({ code: 'Timeout', outcome: 'errored' });
  });

  it.each([
    ['a failure without a type', ended(ApplicationFailure.nonRetryable('what?'))],
    ['an error that no activity has classified', ended(ApplicationFailure.retryable('what?', 'TypeError'))],
    ['an error of our own code', new TypeError('what?')],
    ['something that is no error', 'what?'],
  ])('is errored when it is %s', (_name, error) => {
    expect(describeFailure(error)).toEqual({ code: 'Unknown', reason: 'what?', outcome: 'errored' });
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
