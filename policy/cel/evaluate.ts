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

/** How long one evaluation may take. */
export const MOST_MILLISECONDS = 5;
const MOST_PROGRAMS = 1000;
const programs = new Map<string, Program>();

/** Evaluates a rule's `when` on the words of a question. */
export function evaluate(
  text: string,
  words: Words,
  clock: () => number = () => performance.now(),
): Evaluation {
  const program = programOf(text);
  if ('problem' in program) return { error: `its condition ${inWords(program.problem)}` };
  if ('tooLarge' in words) return { error: words.tooLarge };
  const outcome = timed(() => program.run(words.values), clock);
  if (outcome === undefined) return { error: `its condition took longer than ${MOST_MILLISECONDS} ms` };
  return evaluationOf(outcome);
}

/** The compiled expression, kept for the next time; the one used longest ago goes when there are too many. */
export function programOf(text: string): Program {
  const known = programs.get(text);
  const program = known ?? compile(text);
  if (known) programs.delete(text);
  else if (programs.size >= MOST_PROGRAMS) forgetOldest();
  programs.set(text, program);
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

/**
 * The bounds on text and input keep every evaluation short; the clock is the second lock. What took too long is tried
 * once more, because a pause of the whole process is not the fault of the rule.
 */
function timed(run: () => CelResult, clock: () => number): CelResult | undefined {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const started = clock();
    const result = run();
    if (clock() - started <= MOST_MILLISECONDS) return result;
  }
  return undefined;
}

function evaluationOf(result: CelResult): Evaluation {
  if (typeof result === 'boolean') return { holds: result };
  if (isCelError(result)) return { error: `its condition failed: ${result.message}` };
  return { error: 'its condition came to neither true nor false' };
}

function forgetOldest(): void {
  const oldest = programs.keys().next();
  if (!oldest.done) programs.delete(oldest.value);
}
