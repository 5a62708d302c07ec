import { patternProblem } from './environment.ts';
import {
  type Call,
  type CelProblem,
  childrenOf,
  constantText,
  type Expression,
  type Loop,
  type Parsed,
  problemIn,
} from './syntax.ts';

/** The most entries of a list or map, and characters of a text, that an expression may be asked about. */
export const MOST_ENTRIES = 250;
export const MOST_TEXT = 512;
const MOST_NODES = 300;
const MOST_DEPTH = 40;
const MOST_LOOPS_IN_ONE_ANOTHER = 2;
const MOST_PATTERN = 200;
const MOST_REPEATS = 64;
/** In steps of the evaluator; at about 0.3 µs each this is some milliseconds. */
const MOST_STEPS = 20_000;

interface Source {
  readonly text: string;
  readonly parsed: Parsed;
}

/** Why an expression could take too long on some question, or nothing: everything it may cost is known from its text. */
export function boundsProblem(source: Source): CelProblem | undefined {
  const { expr } = source.parsed;
  return tooLarge(source, expr) ?? forbidden(source, expr, 0) ?? tooCostly(source, expr);
}

function tooLarge(source: Source, root: Expression): CelProblem | undefined {
  const stack: [Expression, number][] = [[root, 1]];
  for (let nodes = 1; ; nodes += 1) {
    const top = stack.pop();
    if (!top) return undefined;
    const [node, depth] = top;
    if (nodes > MOST_NODES) return problemIn(source, node, `has more than ${MOST_NODES} parts`);
    if (depth > MOST_DEPTH) return problemIn(source, node, `is nested more than ${MOST_DEPTH} deep`);
    for (const child of childrenOf(node)) stack.push([child, depth + 1]);
  }
}

function forbidden(source: Source, node: Expression, loops: number): CelProblem | undefined {
  const message = forbiddenHere(node, loops);
  if (message) return problemIn(source, node, message);
  const inside = node.exprKind.case === 'comprehensionExpr' ? loops + 1 : loops;
  for (const child of childrenOf(node)) {
    const found = forbidden(source, child, inside);
    if (found) return found;
  }
  return undefined;
}

function forbiddenHere({ exprKind }: Expression, loops: number): string | undefined {
  switch (exprKind.case) {
    case 'comprehensionExpr':
      return forbiddenLoop(exprKind.value, loops);
    case 'structExpr':
      return exprKind.value.messageName === ''
        ? undefined
        : `makes a ${exprKind.value.messageName}, which no rule needs`;
    case 'callExpr':
      return exprKind.value.function === 'matches' ? forbiddenPattern(exprKind.value) : undefined;
    default:
      return undefined;
  }
}

function forbiddenLoop({ accuInit }: Loop, loops: number): string | undefined {
  if (accuInit?.exprKind.case === 'listExpr')
    return 'builds a list with map or filter; ask with exists, all or exists_one instead';
  if (loops >= MOST_LOOPS_IN_ONE_ANOTHER)
    return `has more than ${MOST_LOOPS_IN_ONE_ANOTHER} of exists, all and exists_one in one another`;
  return undefined;
}

function forbiddenPattern({ target, args }: Call): string | undefined {
  const [pattern] = args;
  const text = pattern && constantText(pattern);
  if (text === undefined) return 'has a pattern for matches that is not a constant text';
  if (text.length > MOST_PATTERN)
    return `has a pattern of ${text.length} characters; ${MOST_PATTERN} are allowed`;
  if (repeatsOf(text) > MOST_REPEATS)
    return `has a pattern that repeats ${repeatsOf(text)} times; {n} in one pattern may multiply to ${MOST_REPEATS}`;
  if (target?.exprKind.case === 'callExpr' && target.exprKind.value.function !== '_[_]')
    return 'matches a text that it makes itself; only words of the question can be matched';
  const problem = patternProblem(text);
  return problem === undefined ? undefined : `has a pattern that is none: ${problem}`;
}

/** All counted repeats multiplied, as if each were inside the next. */
function repeatsOf(pattern: string): number {
  const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, from, to]) => Number(to || from));
  return counts.reduce((product, count) => product * Math.max(1, count), 1);
}

function tooCostly(source: Source, root: Expression): CelProblem | undefined {
  const steps = stepsOf(root);
  if (steps <= MOST_STEPS) return undefined;
  return problemIn(source, root, `may take ${steps} steps on a large question; ${MOST_STEPS} are allowed`);
}

/** Steps at most; a loop takes its body once for each entry its list may have. */
function stepsOf(node: Expression): number {
  const { exprKind } = node;
  if (exprKind.case !== 'comprehensionExpr') {
    const below = childrenOf(node).reduce((sum, child) => sum + stepsOf(child), 0);
    return below + 1 + (exprKind.case === 'callExpr' ? callSteps(exprKind.value) : 0);
  }
  const { iterRange, loopStep } = exprKind.value;
  if (!iterRange || !loopStep) return 1;
  return stepsOf(iterRange) + entriesOf(iterRange) * (2 + stepsOf(loopStep));
}

function entriesOf({ exprKind }: Expression): number {
  if (exprKind.case === 'listExpr') return exprKind.value.elements.length;
  if (exprKind.case === 'structExpr') return exprKind.value.entries.length;
  if (exprKind.case !== 'callExpr') return MOST_ENTRIES;
  return exprKind.value.args.reduce((sum, arg) => sum + entriesOf(arg), 0);
}

/** What a call costs beyond one step: comparing lists, making texts, reading the clock of another place, patterns. */
function callSteps({ function: name, args }: Call): number {
  if (name === 'matches') return patternSteps(args[0] ? (constantText(args[0]) ?? '') : '');
  if (name.startsWith('get') && args.length > 0) return 300;
  return STEPS.get(name) ?? 0;
}

const STEPS: ReadonlyMap<string, number> = new Map([
  ['@in', 25],
  ['_==_', 2],
  ['_!=_', 2],
  ['_+_', 5],
  ['timestamp', 20],
  ['duration', 20],
]);

function patternSteps(pattern: string): number {
  const repeats = repeatsOf(pattern);
  const classes = pattern.split(/\\[pP]|\(\?/).length - 1;
  return pattern.length + 10 * repeats + repeats ** 2 + 600 * classes * repeats;
}
