import type { ReleaseStep } from '../../adapters/releases.ts';
import type { ReleaseTarget } from '../../domain/deployment.ts';

/** The mark a step leaves on the revisions it makes. Helm copies it to later revisions, so it proves nothing alone. */
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

/** What every log line about a step says. */
export function logFields({ target, mark }: ReleaseStep): Record<string, string> {
  return {
    operation: mark,
    tenant: target.tenantId,
    runtime: target.runtimeId,
    release: nameOf(target),
  };
}
