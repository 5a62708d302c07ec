import { type CelInput, type CelResult, isCelError, plan } from '@bufbuild/cel';
import { boundsProblem } from './bounds.ts';
import { ENVIRONMENT } from './environment.ts';
import { type CelProblem, type Expression, type Parsed, parseCel } from './syntax.ts';
import { typeProblem } from './types.ts';
import type { Words } from './words.ts';

/** What an expression came to: true, false, or an error, which is never a yes. */
export type Evaluation = { readonly holds: boolean } | { readonly error: string };

/** An expression that may be evaluated, or why it may not. */
export type Program =
  | { readonly parsed: Parsed; readonly run: (values: Record<string, CelInput>) => CelResult }
  | { readonly problem: CelProblem };

/** How much of a processor's time one evaluation may take. */
export const MOST_MILLISECONDS = 5;
/** Of all compiled expressions that are kept; one takes some 130 bytes for each of its characters. */
export const MOST_KEPT_CHARACTERS = 200_000;
const programs = new Map<string, Program>();
let keptCharacters = 0;

/** Evaluates a rule's `when` on the words of a question. */
export function evaluate(
  text: string,
  words: Words,
  watches: readonly Stopwatch[] = [byClock, byProcessor],
): Evaluation {
  const program = programOf(text);
  if ('problem' in program) return { error: `its condition ${inWords(program.problem)}` };
  if ('tooLarge' in words) return { error: words.tooLarge };
  const outcome = timed(() => program.run(words.values), watches);
  if (outcome === undefined) return { error: `its condition took more than ${MOST_MILLISECONDS} ms` };
  return evaluationOf(outcome);
}

/** The compiled expression, kept for the next time; those used longest ago go when they are too many. */
export function programOf(text: string): Program {
  const program = programs.get(text) ?? compile(text);
  if (programs.delete(text)) keptCharacters -= text.length;
  programs.set(text, program);
  keptCharacters += text.length;
  for (const oldest of programs.keys()) {
    if (keptCharacters <= MOST_KEPT_CHARACTERS) break;
    programs.delete(oldest);
    keptCharacters -= oldest.length;
  }
  return program;
}

/** The value of a part of an expression, which may be no truth at all. */
export function valueOfPart(part: Expression, words: Words): CelResult | undefined {
  return 'values' in words ? plan(ENVIRONMENT, part)(words.values) : undefined;
}

/** A problem with its place, as part of a sentence. */
export function inWords({ message, line, column }: CelProblem): string {
  return `${message} (line ${line}, column ${column})`;
}

function compile(text: string): Program {
  const read = parseCel(text);
  if ('problem' in read) return read;
  const { parsed } = read;
  const problem = boundsProblem({ text, parsed }) ?? typeProblem({ text, parsed });
  return problem ? { problem } : { parsed, run: plan(ENVIRONMENT, parsed) };
}

/** Starts to measure; what it gives tells the milliseconds since. */
type Stopwatch = () => () => number;

/**
 * The bounds on text and input keep every evaluation short; this is the second lock. What took too long by the clock is
 * tried once more by the time of the processor: a busy machine or the collection of garbage is not the fault of the rule.
 */
function timed(run: () => CelResult, watches: readonly Stopwatch[]): CelResult | undefined {
  for (const watch of watches) {
    const elapsed = watch();
    const result = run();
    if (elapsed() <= MOST_MILLISECONDS) return result;
  }
  return undefined;
}

function byClock(): () => number {
  const started = performance.now();
  return () => performance.now() - started;
}

/** Where the kernel counts a thread's time by ticks only, the clock may be the finer of the two. */
function byProcessor(): () => number {
  const clock = byClock();
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return Math.min(clock(), (user + system) / 1000);
  };
}

function evaluationOf(result: CelResult): Evaluation {
  if (typeof result === 'boolean') return { holds: result };
  if (isCelError(result)) return { error: `its condition failed: ${result.message}` };
  return { error: 'its condition came to neither true nor false' };
}
