import { AsyncLocalStorage } from 'node:async_hooks';
import { Context } from '@temporalio/activity';
import { asMark, isRunning, killMarked, markOf, type ProcessMark } from '../clients/helm/process-mark.ts';

const BEAT_MS = 2000;

/** What an activity needs to run a Helm process that outlives neither a cancellation nor, unnoticed, its worker. */
export interface Beat {
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Tells the next attempt, through the heartbeat, which process this one started. */
  readonly onStart: (pid: number) => void;
  /** The process an earlier attempt started. */
  readonly orphan: ProcessMark | undefined;
  /** Ends at once when the activity is cancelled. */
  sleep(milliseconds: number): Promise<void>;
}

/** Two hearts in one activity would tell the server of two different processes. */
const beatingNow = new AsyncLocalStorage<Beat>();

/** Does the work with a heartbeat every two seconds; when the activity was cancelled meanwhile, any error becomes that. */
export async function beating<T>(work: (beat: Beat) => Promise<T>): Promise<T> {
  const outer = beatingNow.getStore();
  if (outer) return work(outer);
  const context = Context.current();
  const orphan = asMark(context.info.heartbeatDetails);
  let mark = orphan;
  const timer = setInterval(() => context.heartbeat(mark), BEAT_MS);
  const onStart = (pid: number) => {
    mark = markOf(pid) ?? mark;
    context.heartbeat(mark);
  };
  try {
    const sleep = async (milliseconds: number) => void (await context.sleep(milliseconds));
    const { info, cancellationSignal } = context;
    const beat = { attempt: info.attempt, signal: cancellationSignal, onStart, orphan, sleep };
    return await beatingNow.run(beat, () => work(beat));
  } catch (error) {
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Waits for the process an earlier attempt left behind; one that is still there after the given time is killed.
 * `unknown` when it ran on another machine, or nobody told which one it was.
 */
export async function awaitOrphan(beat: Beat, longestSeconds: number): Promise<'gone' | 'unknown'> {
  const { orphan } = beat;
  if (orphan === undefined) return 'unknown';
  const end = Date.now() + longestSeconds * 1000;
  while (isRunning(orphan) === 'yes' && Date.now() < end) await beat.sleep(250);
  killMarked(orphan);
  return isRunning(orphan) === 'unknown' ? 'unknown' : 'gone';
}
