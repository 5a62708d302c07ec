/** What is being brought up, and how far it is. */
export interface Progress {
  part: string;
  state: 'starting' | 'working' | 'ready' | 'failed' | 'stopped';
  detail: string;
  elapsedMs: number;
}

/** Receives each step; the lab itself never writes to the terminal. */
export type Report = (progress: Progress) => void;

/** A report for one part that measures its own elapsed time. */
export function partReport(part: string, report: Report): (state: Progress['state'], detail: string) => void {
  const startedAt = performance.now();
  return (state, detail) => report({ part, state, detail, elapsedMs: performance.now() - startedAt });
}

/** One line of text for one step. */
export function progressLine({ part, state, detail, elapsedMs }: Progress): string {
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  const mark = { starting: '…', working: '…', ready: '✓', failed: '✗', stopped: '■' }[state];
  return `${mark} ${part.padEnd(16)} ${seconds.padStart(8)}  ${detail}`;
}
