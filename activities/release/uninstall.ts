import type { ReleaseStep } from '../../adapters/releases.ts';
import type { Release } from '../../clients/helm/storage.ts';
import type { Beat } from '../beating.ts';
import { type Finding, hasMark, isPending } from './judge.ts';
import { logFields, OPERATION_LABEL, releaseOf } from './operation.ts';
import { changedOutside, readBackMismatch } from './report.ts';
import { settle } from './settle.ts';
import type { ReleaseTools } from './tools.ts';

/** Which release goes; `onlyOwn`: one whose newest revision carries another mark stays. */
export type UninstallOrder = ReleaseStep & { readonly onlyOwn: boolean };

/** Removes a release; repeating it is harmless. */
export async function uninstall(tools: ReleaseTools, order: UninstallOrder, beat: Beat): Promise<void> {
  const found = await settle(tools, order, judge, beat);
  if (found.kind === 'nothing') return;
  if (!mayGo(order, found.release)) throw changedOutside(order, found.release);
  await tools.helm.uninstall(releaseOf(order.target), beat);
  const left = await tools.storage.history(releaseOf(order.target));
  if (left.length > 0)
    throw readBackMismatch(order, `Helm reported success, but ${left.length} revisions are left.`);
  tools.log.info(logFields(order), 'release removed');
}

function mayGo({ onlyOwn, mark }: UninstallOrder, release: Release): boolean {
  return onlyOwn ? hasMark(release, mark) : OPERATION_LABEL in release.labels;
}

function judge(history: readonly Release[]): Finding {
  const release = history.at(-1);
  if (release === undefined) return { kind: 'nothing' };
  return { kind: isPending(release) ? 'pending' : 'done', release };
}
