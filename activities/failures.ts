import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { HelmError, type HelmErrorKind, type HelmFailure } from '../clients/helm/errors.ts';
import { UnreadableRelease } from '../clients/helm/storage.ts';
import { KubernetesError, type KubernetesErrorKind } from '../clients/kubernetes/errors.ts';
import type { ErrorCode } from '../domain/rules/error-code.ts';

/** A failure with its type, its words and what to do next. */
export function failure(
  type: ErrorCode,
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
  return failure('release_failed', message, { nextStep: said.nextStep });
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
    return asSaid(type, error, { retryable: error.retryable && !hopeless });
  }
  if (error instanceof UnreadableRelease) return asSaid('release_unreadable', error, { retryable: false });
  return error;
}

/** The message says what to do next already. */
function asSaid(
  type: ErrorCode,
  { message }: Error,
  { retryable }: { retryable: boolean },
): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: !retryable });
}

const HELM_TYPES: Readonly<Record<HelmErrorKind, ErrorCode>> = {
  render: 'chart_does_not_render',
  schema: 'values_refused',
  refused: 'cluster_refused',
  conflict: 'field_conflict',
  unreachable: 'cluster_unreachable',
  pending: 'release_busy',
  cancelled: 'helm_interrupted',
  quota: 'quota_exceeded',
  not_found: 'release_not_found',
  unknown: 'helm_failed',
};

const KUBERNETES_TYPES: Readonly<Record<KubernetesErrorKind, ErrorCode>> = {
  unreachable: 'cluster_unreachable',
  throttled: 'cluster_unreachable',
  server: 'cluster_unreachable',
  unauthorized: 'cluster_refused',
  forbidden: 'cluster_refused',
  not_found: 'cluster_refused',
  invalid: 'cluster_refused',
  terminating: 'cluster_refused',
  conflict: 'field_conflict',
  quota: 'quota_exceeded',
};
