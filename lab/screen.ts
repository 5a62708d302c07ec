import { type Progress, progressLine, type Report } from './progress.ts';

/** Where lines for the person who watches go. */
export type Say = (line: string) => void;

const REPEAT_EVERY_MS = 10_000;

/** Turns progress into lines: each part once when it is ready or failed, and one every ten seconds while something long goes on. */
export function reportTo(say: Say): Report {
  const shown = new Map<string, { at: number; detail: string }>();
  return progress => {
    if (progress.state === 'starting' || progress.state === 'stopped') return;
    const before = shown.get(progress.part);
    if (progress.state === 'working' && before && !isDue(before, progress)) return;
    shown.set(progress.part, { at: performance.now(), detail: progress.detail });
    say(`  ${progressLine(progress)}`);
  };
}

function isDue(before: { at: number; detail: string }, { detail }: Progress): boolean {
  return detail !== before.detail && performance.now() - before.at > REPEAT_EVERY_MS;
}
