import type { PolicyQuestion } from '../domain/policy.ts';
import { type Evaluation, evaluate, MOST_KEPT_CHARACTERS } from './cel/evaluate.ts';
import { type Words, wordsOf } from './cel/words.ts';

/** How much of a processor's time all conditions of one question may take together. */
export const MOST_MILLISECONDS_TOGETHER = 25;

/** What asks the conditions of one question, one after the other. */
export interface Asking {
  (when: string): Evaluation;
}

/**
 * Asks conditions about one question, as long as all of them together stay short: each alone may be harmless and a
 * thousand of them not. Those that come later cannot be asked then, which is a no.
 */
export function askingAbout(question: PolicyQuestion): Asking {
  const watch = stopwatch();
  let words: Words | undefined;
  let characters = 0;
  return when => {
    characters += when.length;
    if (characters > MOST_KEPT_CHARACTERS)
      return { error: `all conditions together have more than ${MOST_KEPT_CHARACTERS} characters` };
    if (watch.spent() > MOST_MILLISECONDS_TOGETHER)
      return {
        error: `the conditions before it took more than ${MOST_MILLISECONDS_TOGETHER} ms of a processor together`,
      };
    words ??= wordsOf(question);
    const asked = words;
    return watch.during(() => evaluate(when, asked));
  };
}

/** Adds up what runs; once that is long by the clock, the time of the processor decides, for the machine may be busy. */
function stopwatch() {
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
    spent(): number {
      if (byClock <= MOST_MILLISECONDS_TOGETHER || !before) return byClock;
      const { user, system } = process.threadCpuUsage(before);
      return Math.min(byClock, (user + system) / 1000);
    },
  };
}
