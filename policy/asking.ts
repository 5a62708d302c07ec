import type { PolicyQuestion } from '../domain/policy.ts';
import { type Evaluation, evaluate, MOST_KEPT_CHARACTERS, programOf } from './cel/evaluate.ts';
import { type Reason, reasonsOf } from './cel/reasons.ts';
import { type Words, wordsOf } from './cel/words.ts';

/** How much of a processor's time all conditions of one question may take together. */
export const MOST_MILLISECONDS_TOGETHER = 25;

/** What asks the conditions of one question, one after the other. */
export interface Asking {
  evaluate(when: string): Evaluation;
  /** Why it came to that; nothing once too much time was spent. */
  reasons(when: string): readonly Reason[];
}

/**
 * Asks conditions about one question, as long as all of them together stay short: each alone may be harmless and a
 * thousand of them not. Those that come later cannot be asked then, which is a no.
 */
export function askingAbout(question: PolicyQuestion, most = MOST_MILLISECONDS_TOGETHER): Asking {
  const watch = stopwatch(most);
  let words: Words | undefined;
  let characters = 0;
  const about = () => {
    words ??= wordsOf(question);
    return words;
  };
  return {
    evaluate: when => {
      characters += when.length;
      if (characters > MOST_KEPT_CHARACTERS)
        return { error: `all conditions together have more than ${MOST_KEPT_CHARACTERS} characters` };
      if (watch.isOver())
        return { error: `the conditions before it took more than ${most} ms of a processor together` };
      // What is compiled is kept: a process that has just begun must not count it against the rules.
      programOf(when);
      return watch.during(() => evaluate(when, about()));
    },
    reasons: when => (watch.isOver() ? [] : watch.during(() => reasonsOf(when, about()))),
  };
}

/** Adds up what runs; once that is long by the clock, the time of the processor decides, for the machine may be busy. */
function stopwatch(most: number) {
  let before: NodeJS.CpuUsage | undefined;
  let byClock = 0;
  return {
    during<T>(run: () => T): T {
      before ??= process.threadCpuUsage();
      const started = performance.now();
      const result = run();
      byClock += performance.now() - started;
      return result;
    },
    isOver(): boolean {
      if (byClock <= most || !before) return false;
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000 > most;
    },
  };
}
