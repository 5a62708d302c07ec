import { repeatsOf, stepsOf } from './cost.ts';
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
  return (
    tooLarge(source, expr) ??
    forbidden(source, expr, 0) ??
    tooCostly(source, expr) ??
    wrongPattern(source, expr)
  );
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
  return undefined;
}

/** Comes last: to make an automaton of a costly pattern is as costly as to use it. */
function wrongPattern(source: Source, node: Expression): CelProblem | undefined {
  const { exprKind } = node;
  const isMatch = exprKind.case === 'callExpr' && exprKind.value.function === 'matches';
  const [pattern] = isMatch ? exprKind.value.args : [];
  const problem = pattern && patternProblem(constantText(pattern) ?? '');
  if (problem !== undefined) return problemIn(source, node, `has a pattern that is none: ${problem}`);
  for (const child of childrenOf(node)) {
    const found = wrongPattern(source, child);
    if (found) return found;
  }
  return undefined;
}

function tooCostly(source: Source, root: Expression): CelProblem | undefined {
  const steps = stepsOf(root);
  if (steps <= MOST_STEPS) return undefined;
  return problemIn(source, root, `may take ${steps} steps on a large question; ${MOST_STEPS} are allowed`);
}
