import { type Call, childrenOf, constantText, type Expression, type Loop } from './syntax.ts';

/** The most entries of a list or map, and characters of a text, that an expression may be asked about. */
export const MOST_ENTRIES = 250;
export const MOST_TEXT = 512;

/** How large a value may be: its own entries, and all there is in it, entries of entries and pairs of characters. */
interface Size {
  readonly entries: number;
  readonly whole: number;
}

/** Variables of the loops around a part. */
type Scope = ReadonlyMap<string, Size>;

const SMALL: Size = { entries: 1, whole: 1 };
const OF_THE_QUESTION: Size = { entries: MOST_ENTRIES, whole: MOST_ENTRIES };

/** Steps of the evaluator at most, each about 0.3 µs; a loop takes its body once for each entry its list may have. */
export function stepsOf(node: Expression, scope: Scope = new Map()): number {
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr') return loopSteps(exprKind.value, scope);
  const below = childrenOf(node).reduce((sum, child) => sum + stepsOf(child, scope), 0);
  return below + 1 + (exprKind.case === 'callExpr' ? callSteps(exprKind.value, scope) : 0);
}

function loopSteps({ iterRange, iterVar, accuVar, loopStep }: Loop, scope: Scope): number {
  if (!iterRange || !loopStep) return 1;
  const inside = new Map([...scope, [iterVar, entryOf(iterRange, scope)], [accuVar, SMALL]]);
  return stepsOf(iterRange, scope) + sizeOf(iterRange, scope).entries * (2 + stepsOf(loopStep, inside));
}

/** What a call costs beyond one step: comparing lists, making texts, reading the clock of another place, patterns. */
function callSteps({ function: name, target, args }: Call, scope: Scope): number {
  const sizes = [...(target ? [target] : []), ...args].map(each => sizeOf(each, scope).whole);
  const [one = 1, other = 1] = sizes;
  switch (name) {
    case '@in':
      return Math.ceil(other * 0.6);
    case '_==_':
    case '_!=_':
      return 2 + Math.floor(Math.min(one, other) / 14);
    case '_+_':
      return 5 + (args.some(isMadeText) ? 0 : Math.floor((one + other) / 10));
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return Math.floor(one / 100);
    case 'matches':
      return patternSteps(args[0] ? (constantText(args[0]) ?? '') : '') * Math.ceil(one / MOST_ENTRIES);
    case 'timestamp':
    case 'duration':
      return 20;
    default:
      return name.startsWith('get') && args.length > 0 ? 300 : 0;
  }
}

function sizeOf(node: Expression, scope: Scope): Size {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return { entries: 1, whole: Math.max(1, Math.ceil((constantText(node)?.length ?? 0) / 2)) };
    case 'identExpr':
      return scope.get(exprKind.value.name) ?? OF_THE_QUESTION;
    case 'selectExpr':
      return exprKind.value.operand && !exprKind.value.testOnly
        ? partOf(sizeOf(exprKind.value.operand, scope))
        : SMALL;
    case 'listExpr':
    case 'structExpr':
      return together(childrenOf(node).map(each => sizeOf(each, scope)));
    case 'callExpr':
      return resultSize(exprKind.value, scope);
    default:
      return SMALL;
  }
}

function resultSize({ function: name, args }: Call, scope: Scope): Size {
  const [one = SMALL, ...others] = args.map(each => sizeOf(each, scope));
  switch (name) {
    case '_+_':
      return others.reduce((sum, each) => added(sum, each), one);
    case '_?_:_':
      return others.reduce(larger, SMALL);
    case '_[_]':
      return partOf(one);
    case 'dyn':
      return one;
    default:
      return SMALL;
  }
}

/** Of an entry of a list: of one that is written out the largest, of any other perhaps all there is in it. */
function entryOf(list: Expression, scope: Scope): Size {
  const { exprKind } = list;
  if (exprKind.case === 'listExpr' || exprKind.case === 'structExpr')
    return childrenOf(list)
      .map(each => sizeOf(each, scope))
      .reduce(larger, SMALL);
  if (exprKind.case === 'callExpr' && ['_+_', '_?_:_'].includes(exprKind.value.function))
    return exprKind.value.args.map(each => entryOf(each, scope)).reduce(larger, SMALL);
  return partOf(sizeOf(list, scope));
}

function partOf({ whole }: Size): Size {
  return { entries: whole, whole };
}

function together(sizes: readonly Size[]): Size {
  return { entries: sizes.length, whole: sizes.reduce((sum, { whole }) => sum + whole, sizes.length) };
}

function added(one: Size, other: Size): Size {
  return { entries: one.entries + other.entries, whole: one.whole + other.whole };
}

function larger(one: Size, other: Size): Size {
  return { entries: Math.max(one.entries, other.entries), whole: Math.max(one.whole, other.whole) };
}

/** Texts are put together without copying; lists are not. */
function isMadeText(node: Expression): boolean {
  if (constantText(node) !== undefined) return true;
  const { exprKind } = node;
  return (
    exprKind.case === 'callExpr' && exprKind.value.function === '_+_' && exprKind.value.args.some(isMadeText)
  );
}

/** All counted repeats multiplied, as if each were inside the next. */
export function repeatsOf(pattern: string): number {
  const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, from, to]) => Number(to || from));
  return counts.reduce((product, count) => product * Math.max(1, count), 1);
}

function patternSteps(pattern: string): number {
  const repeats = repeatsOf(pattern);
  const classes = pattern.split(/\\[pP]|\(\?/).length - 1;
  return pattern.length + 10 * repeats + repeats ** 2 + 600 * classes * repeats;
}
