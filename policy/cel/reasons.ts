import { isCelError, isCelList, isCelMap, unparse } from '@bufbuild/cel';
import { programOf, valueOfPart } from './evaluate.ts';
import { type Call, childrenOf, constantText, type Expression, type Parsed } from './syntax.ts';
import type { Words } from './words.ts';

/** A part of an expression that decided its value, with what its terms stood for. */
export interface Reason {
  readonly text: string;
  readonly holds: boolean | null;
  readonly values: readonly { readonly term: string; readonly value: string }[];
}

/** The smallest parts of a `when` that made it what it is: false, true, or (`holds` null) an error. */
export function reasonsOf(when: string, words: Words): Reason[] {
  const program = programOf(when);
  if ('problem' in program) return [];
  const { parsed } = program;
  return decisive(parsed.expr, words).map(part => ({
    text: textOf(part, parsed),
    holds: truthOf(part, words) ?? null,
    values: termsOf(part).map(term => ({
      term: textOf(term, parsed),
      value: shown(valueOfPart(term, words)),
    })),
  }));
}

/** The parts that decide: of a conjunction that is false its false side, of one that is true both, and so on. */
function decisive(node: Expression, words: Words): Expression[] {
  if (node.exprKind.case !== 'callExpr') return [node];
  const { function: name, args } = node.exprKind.value;
  const truth = truthOf(node, words);
  if (name === '_&&_' || name === '_||_') return decisiveSides({ name, args, truth }, words);
  if (name === '_?_:_') return decisiveBranch(node.exprKind.value, words);
  if (name === '!_' && args[0] && isLogic(args[0])) return decisive(args[0], words);
  return [node];
}

function decisiveSides(
  { name, args, truth }: { name: string; args: readonly Expression[]; truth: boolean | undefined },
  words: Words,
): Expression[] {
  const oneDecides = truth === (name === '_||_');
  const sides = args.filter(arg => truthOf(arg, words) === truth);
  return (oneDecides ? sides.slice(0, 1) : sides).flatMap(side => decisive(side, words));
}

function decisiveBranch({ args: [condition, one, other] }: Call, words: Words): Expression[] {
  if (!condition || !one || !other) return [];
  const truth = truthOf(condition, words);
  if (truth === undefined) return decisive(condition, words);
  return [...decisive(condition, words), ...decisive(truth ? one : other, words)];
}

function isLogic({ exprKind }: Expression): boolean {
  return exprKind.case === 'callExpr' && ['_&&_', '_||_', '!_', '_?_:_'].includes(exprKind.value.function);
}

function truthOf(node: Expression, words: Words): boolean | undefined {
  const value = valueOfPart(node, words);
  return typeof value === 'boolean' ? value : undefined;
}

/** The words of the question in a part, as long as they are written: runtime.labels.team, not runtime. */
function termsOf(node: Expression): Expression[] {
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr')
    return exprKind.value.iterRange ? termsOf(exprKind.value.iterRange) : [];
  if (exprKind.case === 'selectExpr' && exprKind.value.testOnly) return childrenOf(node).flatMap(termsOf);
  if (isWord(node)) return [node];
  return childrenOf(node).flatMap(termsOf);
}

function isWord(node: Expression): boolean {
  const { exprKind } = node;
  if (exprKind.case === 'identExpr') return true;
  if (exprKind.case === 'selectExpr')
    return exprKind.value.operand !== undefined && isWord(exprKind.value.operand);
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== '_[_]') return false;
  const [of, index] = exprKind.value.args;
  return of !== undefined && index !== undefined && isWord(of) && constantText(index) !== undefined;
}

function textOf(node: Expression, parsed: Parsed): string {
  return unparse({ ...parsed, expr: node });
}

const MOST_SHOWN = 200;

function shown(value: unknown): string {
  const text = JSON.stringify(plain(value)) ?? 'unknown';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function plain(value: unknown): unknown {
  if (isCelError(value)) return value.message;
  if (typeof value === 'bigint') return Number(value);
  if (isCelList(value)) return [...value].map(plain);
  if (isCelMap(value)) return Object.fromEntries([...value].map(([key, each]) => [String(key), plain(each)]));
  return isTime(value) ? new Date(Number(value.message.seconds) * 1000).toISOString() : value;
}

function isTime(value: unknown): value is { readonly message: { readonly seconds: bigint } } {
  if (typeof value !== 'object' || value === null || !('message' in value)) return false;
  const { message } = value;
  return typeof message === 'object' && message !== null && 'seconds' in message;
}
