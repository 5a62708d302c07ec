import { classify } from '../../clients/helm/errors.ts';
import type { Release } from '../../clients/helm/storage.ts';
import { OPERATION_LABEL } from './operation.ts';

/** What the release storage says about an operation's change. */
export type Finding =
  /** Nothing above the base: Helm has not begun, or died before its first write. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'done'; readonly release: Release }
  /** Begun and not ended: Helm still works, or died in the middle. */
  | { readonly kind: 'pending'; readonly release: Release }
  /** Ended badly for a reason that may be gone by now. */
  | { readonly kind: 'interrupted'; readonly release: Release }
  /** Helm or the API server said no. */
  | { readonly kind: 'failed'; readonly release: Release }
  /** Somebody else made a revision. */
  | { readonly kind: 'outside'; readonly release: Release };

/** Description of a revision we closed because its Helm was dead. */
export const INTERRUPTED = 'RuntimeAI: helm ended in the middle';

/** Judges an install or upgrade that began above `baseRevision`. */
export function judgeInstall(
  history: readonly Release[],
  question: { readonly mark: string; readonly baseRevision: number },
): Finding {
  const above = history.filter(release => release.revision > question.baseRevision);
  const outside = firstOutside(above, (release, before) => isOwnUpgrade(release, before, question.mark));
  if (outside !== undefined) return { kind: 'outside', release: outside };
  const release = above.at(-1);
  return release === undefined ? judgeBase(history.at(-1)) : { kind: judgeStatus(release), release };
}

/** Judges a rollback to `toRevision` above `aboveRevision`, the newest revision when the way back began. */
export function judgeRollback(
  history: readonly Release[],
  question: { readonly mark: string; readonly toRevision: number; readonly aboveRevision: number },
): Finding {
  const { mark, toRevision, aboveRevision } = question;
  const began = history.findIndex(release => hasMark(release, mark));
  const outside = firstOutside(
    began === -1 ? history.slice(-1) : history.slice(began),
    (release, before) =>
      rollsBackTo(release, toRevision) ||
      isOwnUpgrade(release, before, mark) ||
      isOfLaterStep(release, before, { history, mark, toRevision }),
  );
  if (outside !== undefined) return { kind: 'outside', release: outside };
  const newest = history.at(-1);
  if (newest === undefined) return { kind: 'nothing' };
  if (newest.revision > aboveRevision || isPending(newest))
    return { kind: judgeStatus(newest), release: newest };
  return { kind: 'nothing' };
}

/** The newest revision when the way back to this one began; nothing when there was none above it. */
export function newestBeforeWayBack(
  history: readonly Release[],
  { toRevision }: { readonly toRevision: number },
): number | undefined {
  return history.findLast(release => release.revision > toRevision && !rollsBackTo(release, toRevision))
    ?.revision;
}

/** Whether this operation labelled the revision. */
export function hasMark(release: Release, mark: string): boolean {
  return release.labels[OPERATION_LABEL] === mark;
}

/** Whether Helm has begun the revision and not ended it. */
export function isPending(release: Release): boolean {
  return release.status.startsWith('pending-');
}

// A hand-made upgrade inherits our label. It gives itself away by following a revision that was complete: an
// operation upgrades no further after it has succeeded.
function isOwnUpgrade(release: Release, before: Release | undefined, mark: string): boolean {
  return hasMark(release, mark) && !(before !== undefined && succeeded(before));
}

// When several steps of an operation are taken back, the later ones, and the ways back from them, stand above.
function isOfLaterStep(
  release: Release,
  before: Release | undefined,
  { history, mark, toRevision }: { history: readonly Release[]; mark: string; toRevision: number },
): boolean {
  const to = Number(/^Rollback to (\d+)$/.exec(release.description)?.[1]);
  const target = history.find(({ revision }) => revision === to && revision > toRevision);
  if (!Number.isNaN(to)) return target !== undefined && isOfOperation(target, mark);
  const follows = before !== undefined && succeeded(before) && labelOf(before) === labelOf(release);
  return isOfOperation(release, mark) && !follows;
}

function isOfOperation(release: Release, mark: string): boolean {
  return operationOf(labelOf(release)) === operationOf(mark);
}

function labelOf({ labels }: Release): string | undefined {
  return labels[OPERATION_LABEL];
}

/** A mark is the operation and, after a point, which of its steps (`markOf`). */
function operationOf(mark: string | undefined): string | undefined {
  return mark?.split('.')[0];
}

// Helm also calls a failed revision superseded when there was no good one; its description still tells.
function succeeded(release: Release): boolean {
  const isOver = release.status === 'deployed' || release.status === 'superseded';
  return isOver && /^(Install|Upgrade) complete$|^Rollback to \d+$/.test(release.description);
}

// `helm rollback` takes no labels: its description is the only trace of what it was for.
function rollsBackTo(release: Release, revision: number): boolean {
  return release.description === `Rollback to ${revision}` || FAILED_ROLLBACK.test(release.description);
}

const FAILED_ROLLBACK = /^Rollback ".*" failed/;

function firstOutside(
  revisions: readonly Release[],
  isOurs: (release: Release, before: Release | undefined) => boolean,
): Release | undefined {
  return revisions.find((release, index) => !isOurs(release, revisions[index - 1]));
}

/** An earlier operation may have died on the base itself; Helm refuses every upgrade above a pending revision. */
function judgeBase(base: Release | undefined): Finding {
  if (base === undefined || !isPending(base)) return { kind: 'nothing' };
  return OPERATION_LABEL in base.labels
    ? { kind: 'pending', release: base }
    : { kind: 'outside', release: base };
}

function judgeStatus(release: Release): Exclude<Finding['kind'], 'nothing'> {
  switch (release.status) {
    case 'deployed':
      return 'done';
    case 'pending-install':
    case 'pending-upgrade':
    case 'pending-rollback':
      return 'pending';
    case 'failed':
      return release.description.startsWith(INTERRUPTED) || classify(release.description).retryable
        ? 'interrupted'
        : 'failed';
    case 'superseded':
    case 'uninstalled':
    case 'uninstalling':
    case 'unknown':
      return 'outside';
  }
}
