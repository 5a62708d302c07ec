import type { ApplicationFailure } from '@temporalio/common';
import type { ReleaseStep } from '../../adapters/releases.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { ReleaseReport } from '../../domain/deployment.ts';
import { failure } from '../failures.ts';
import { nameOf } from './operation.ts';

/** What the workflow is told of a revision. */
export function reportOf(release: Release): ReleaseReport {
  const { revision, status, manifestDigest } = release;
  return { revision, status, manifestDigest };
}

/** Somebody else changed the release while this operation ran; it is never overwritten. */
export function changedOutside(step: ReleaseStep, release: Release): ApplicationFailure {
  const { revision, status, description } = release;
  return failure(
    'changed_outside',
    `Revision ${revision} of ${nameOf(step.target)} (${status}: ${description}) was not made by ${step.mark}; nothing is changed over it.`,
    {
      nextStep:
        'See with `helm history` and `helm get all` who made it and why, then deploy again or undo it by hand.',
    },
  );
}

/** What Helm stored is not what it was asked for. */
export function readBackMismatch(step: ReleaseStep, message: string): ApplicationFailure {
  return failure('read_back_mismatch', `${nameOf(step.target)} was read back after the change: ${message}`, {
    nextStep:
      'Look at `helm history` and `helm get manifest`; somebody may have changed the release at the same moment.',
  });
}
