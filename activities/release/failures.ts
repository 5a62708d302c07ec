import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { HelmError, type HelmErrorKind, type HelmFailure } from '../../clients/helm/errors.ts';
import { UnreadableRelease } from '../../clients/helm/storage.ts';
import { KubernetesError, type KubernetesErrorKind } from '../../clients/kubernetes/errors.ts';

/** Types of the failures a release activity ends with; workflows and the API's error codes use the same words. */
export type ReleaseFailureType =
  | 'ChartDoesNotRender'
  | 'ValuesRefused'
  | 'ManifestRefused'
  | 'ReleaseTooLarge'
  | 'GovernanceSettingsMissing'
  | 'ClusterRefused'
  | 'ClusterUnreachable'
  | 'FieldConflict'
  | 'QuotaExceeded'
  | 'ReleaseBusy'
  | 'ReleaseNotFound'
  | 'ReleaseFailed'
  | 'ReleaseUnreadable'
  | 'HelmInterrupted'
  | 'HelmFailed'
  | 'ChangedOutside'
  | 'PlanChanged'
  | 'ReadBackMismatch';

/** A failure with its type, its words and what to do next. */
export function failure(
  type: ReleaseFailureType,
  message: string,
  options: { readonly nextStep: string; readonly retryable?: boolean },
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `${message} ${options.nextStep}`,
    nonRetryable: options.retryable !== true,
    details: [{ nextStep: options.nextStep }],
  });
}

/** Runs one step of an activity and translates what the clients throw, once. */
export async function translating<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw translate(error);
  }
}

/** Waits for all of them, even when one fails, so that nothing is left running behind an error. */
export async function together<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map(result => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** The failure of a revision Helm gave up, said with Helm's own words. */
export function helmSaid(message: string, said: Pick<HelmFailure, 'nextStep'>): ApplicationFailure {
  return failure('ReleaseFailed', message, { nextStep: said.nextStep });
}

function translate(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof HelmError) {
    const { retryable, nextStep } = error;
    return failure(HELM_TYPES[error.kind], error.message, { retryable, nextStep });
  }
  if (error instanceof KubernetesError) {
    const type = KUBERNETES_TYPES[error.kind];
    // A namespace that goes away does not come back by waiting here: another deploy must make it again.
    const hopeless = error.kind === 'terminating' && error.reason !== 'ObjectTerminating';
    return ApplicationFailure.create({
      type,
      message: error.message,
      nonRetryable: hopeless || !error.retryable,
    });
  }
  if (error instanceof UnreadableRelease) {
    return ApplicationFailure.create({
      type: 'ReleaseUnreadable',
      message: error.message,
      nonRetryable: true,
    });
  }
  return error;
}

const HELM_TYPES: Readonly<Record<HelmErrorKind, ReleaseFailureType>> = {
  render: 'ChartDoesNotRender',
  schema: 'ValuesRefused',
  refused: 'ClusterRefused',
  conflict: 'FieldConflict',
  unreachable: 'ClusterUnreachable',
  pending: 'ReleaseBusy',
  cancelled: 'HelmInterrupted',
  quota: 'QuotaExceeded',
  not_found: 'ReleaseNotFound',
  unknown: 'HelmFailed',
};

const KUBERNETES_TYPES: Readonly<Record<KubernetesErrorKind, ReleaseFailureType>> = {
  unreachable: 'ClusterUnreachable',
  throttled: 'ClusterUnreachable',
  server: 'ClusterUnreachable',
  unauthorized: 'ClusterRefused',
  forbidden: 'ClusterRefused',
  not_found: 'ClusterRefused',
  invalid: 'ClusterRefused',
  terminating: 'ClusterRefused',
  conflict: 'FieldConflict',
  quota: 'QuotaExceeded',
};
