import type { ReleaseTarget } from '../../domain/deployment.ts';

/** Which release, for whom: what every step of a release needs, and every log line carries. */
export interface ReleaseOperation {
  readonly target: ReleaseTarget;
  readonly operationId: string;
}

/** The mark an operation leaves on the revisions it makes. Helm copies it to later revisions, so it proves nothing alone. */
export const OPERATION_LABEL = 'rtai-op';
/** Attempt of the activity that made the revision. */
export const ATTEMPT_LABEL = 'rtai-attempt';

/** The release in words, as messages name it. */
export function nameOf(target: ReleaseTarget): string {
  return `${target.namespace}/${target.release}`;
}

/** The target as Helm knows it. */
export function releaseOf(target: ReleaseTarget): { release: string; namespace: string } {
  return { release: target.release, namespace: target.namespace };
}

/** What every log line about an operation says. */
export function logFields(operation: ReleaseOperation): Record<string, string> {
  const { target, operationId } = operation;
  return {
    operation: operationId,
    tenant: target.tenantId,
    runtime: target.runtimeId,
    release: nameOf(target),
  };
}
