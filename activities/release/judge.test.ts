import { describe, expect, it } from 'vitest';
import type { Release } from '../../clients/helm/storage.ts';
import { INTERRUPTED, judgeInstall, judgeRollback, newestBeforeWayBack } from './judge.ts';

const COMPLETE = 'Upgrade complete';
const base = (revision: number, status: Release['status'] = 'deployed') =>
  revisionOf(revision, status, 'op_0');
const ours = (revision: number, status: Release['status'], description = COMPLETE) =>
  revisionOf(revision, status, 'op_1', description);

describe('an install above revision 4', () => {
  it.each<[string, Release[], string, number?]>([
    ['has not begun', [base(4)], 'nothing'],
    ['has not begun, nor has anything else', [], 'nothing'],
    ['is done', [base(4, 'superseded'), ours(5, 'deployed')], 'done', 5],
    ['has begun', [base(4), ours(5, 'pending-upgrade', 'Preparing upgrade')], 'pending', 5],
    [
      'died at the last step',
      [base(4, 'superseded'), ours(5, 'pending-upgrade', 'Preparing upgrade')],
      'pending',
      5,
    ],
    ['was refused', [base(4), ours(5, 'failed', 'field not declared in schema')], 'failed', 5],
    [
      'was interrupted and closed by us',
      [base(4), ours(5, 'failed', `${INTERRUPTED} of op_1`)],
      'interrupted',
      5,
    ],
    [
      'was interrupted by TERM',
      [base(4), ours(5, 'failed', 'Upgrade "a" failed: context canceled')],
      'interrupted',
      5,
    ],
    ['lost the API server', [base(4), ours(5, 'failed', 'dial tcp: connection refused')], 'interrupted', 5],
    [
      'is done at the second try',
      [base(4, 'superseded'), ours(5, 'failed', INTERRUPTED), ours(6, 'deployed')],
      'done',
      6,
    ],
    [
      'is done at the second try of a first install',
      [ours(5, 'superseded', INTERRUPTED), ours(6, 'deployed')],
      'done',
      6,
    ],
    ['met somebody else', [base(4, 'superseded'), revisionOf(5, 'deployed', undefined)], 'outside', 5],
    ['met somebody above a revision of an older operation', [base(4, 'superseded'), base(5)], 'outside', 5],
    [
      'was changed by hand afterwards, which inherits its label',
      [base(4, 'superseded'), ours(5, 'superseded'), ours(6, 'deployed')],
      'outside',
      6,
    ],
    [
      'was rolled back by hand',
      [base(4, 'superseded'), ours(5, 'superseded'), revisionOf(6, 'deployed', 'op_0', 'Rollback to 4')],
      'outside',
      6,
    ],
    ['lost its newest revision to somebody', [base(4, 'superseded'), ours(5, 'superseded')], 'outside', 5],
    [
      'stands on a revision that another operation of ours left unfinished',
      [base(3), base(4, 'pending-upgrade')],
      'pending',
      4,
    ],
    [
      'stands on a revision that somebody else left unfinished',
      [revisionOf(4, 'pending-upgrade', undefined)],
      'outside',
      4,
    ],
  ])('%s', (_, history, kind, revision) => {
    const found = judgeInstall(history, { mark: 'op_1', baseRevision: 4 });
    expect(found.kind).toBe(kind);
    expect('release' in found ? found.release.revision : undefined).toBe(revision);
  });
});

describe('a rollback to revision 4 above revision 5', () => {
  const back = (revision: number, status: Release['status'], description = 'Rollback to 4') =>
    revisionOf(revision, status, 'op_0', description);

  it.each<[string, Release[], string, number?]>([
    ['has not begun', [base(4, 'superseded'), ours(5, 'deployed')], 'nothing'],
    ['has not begun after a failed upgrade', [base(4), ours(5, 'failed', 'no')], 'nothing'],
    ['is done', [base(4, 'superseded'), ours(5, 'superseded'), back(6, 'deployed')], 'done', 6],
    ['died', [base(4), ours(5, 'failed', 'no'), back(6, 'pending-rollback')], 'pending', 6],
    [
      'was done again after it died',
      [base(4, 'superseded'), ours(5, 'failed', 'no'), back(6, 'pending-rollback'), back(7, 'deployed')],
      'done',
      7,
    ],
    [
      'was refused',
      [base(4), ours(5, 'failed', 'no'), back(6, 'failed', 'Rollback "a" failed: it is invalid')],
      'failed',
      6,
    ],
    [
      'lost the API server',
      [base(4), ours(5, 'failed', 'no'), back(6, 'failed', 'Rollback "a" failed: connection refused')],
      'interrupted',
      6,
    ],
    [
      'must wait for an upgrade that has not ended',
      [base(4), ours(5, 'pending-upgrade', 'Preparing upgrade')],
      'pending',
      5,
    ],
    [
      'met somebody else',
      [base(4, 'superseded'), ours(5, 'superseded'), revisionOf(6, 'deployed', undefined)],
      'outside',
      6,
    ],
    [
      'met a change by hand that inherits our label',
      [base(4, 'superseded'), ours(5, 'superseded'), ours(6, 'deployed')],
      'outside',
      6,
    ],
    [
      'met a rollback by hand to something else',
      [base(4, 'superseded'), ours(5, 'superseded'), back(6, 'deployed', 'Rollback to 2')],
      'outside',
      6,
    ],
    ['finds nothing of ours', [base(4, 'superseded'), revisionOf(5, 'deployed', 'op_9')], 'outside', 5],
  ])('%s', (_, history, kind, revision) => {
    const found = judgeRollback(history, { mark: 'op_1', toRevision: 4, aboveRevision: 5 });
    expect(found.kind).toBe(kind);
    expect('release' in found ? found.release.revision : undefined).toBe(revision);
  });
});

describe('the first of several steps taken back, to revision 4', () => {
  const later = (revision: number, status: Release['status'], description = COMPLETE) =>
    revisionOf(revision, status, 'op_1.1', description);
  const back = (revision: number, to: number, status: Release['status'] = 'deployed') =>
    revisionOf(revision, status, to === 4 ? 'op_0' : 'op_1', `Rollback to ${to}`);
  const made = [base(4, 'superseded'), ours(5, 'superseded'), later(6, 'superseded')];

  it.each<[string, Release[], string, number?]>([
    ['begins above the way back of the one after it', [...made, back(7, 5)], 'nothing'],
    ['is done', [...made, back(7, 5, 'superseded'), back(8, 4)], 'done', 8],
    ['begins above a later step that failed', [...made.slice(0, 2), later(6, 'failed', 'no')], 'nothing'],
    ['met a change by hand', [...made, back(7, 5, 'superseded'), ours(8, 'deployed')], 'outside', 8],
    ['met a change by hand after the later step', [...made, later(7, 'deployed')], 'outside', 7],
    ['met a rollback by hand to something older', [...made, back(7, 3)], 'outside', 7],
    ['met another operation', [...made, revisionOf(7, 'deployed', 'op_11')], 'outside', 7],
  ])('%s', (_, history, kind, revision) => {
    const step = { mark: 'op_1', toRevision: 4 };
    const aboveRevision = newestBeforeWayBack(history, step) ?? 0;
    const found = judgeRollback(history, { ...step, aboveRevision });
    expect(found.kind).toBe(kind);
    expect('release' in found ? found.release.revision : undefined).toBe(revision);
  });
});

function revisionOf(
  revision: number,
  status: Release['status'],
  operation: string | undefined,
  description = COMPLETE,
): Release {
  return {
    release: 'a',
    namespace: 'ns',
    revision,
    status,
    labels: operation === undefined ? {} : { 'rtai-op': operation },
    description,
    manifest: '',
    manifestDigest: '',
    chart: { name: 'agent-runtime', version: '0.1.0' },
    modifiedAt: new Date(),
    secret: { name: `sh.helm.release.v1.a.v${revision}`, resourceVersion: '1' },
  };
}
