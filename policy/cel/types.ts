import { resultOf } from './functions.ts';
import { eitherOf, nameOf, QUESTION, type Scalar, type Shape } from './shape.ts';
import {
  type Call,
  type CelProblem,
  constantText,
  type Expression,
  type Parsed,
  problemIn,
} from './syntax.ts';

type Scope = Readonly<Record<string, Shape>>;

/** Why an expression cannot come to true or false on any question: unknown words, values that do not go together. */
export function typeProblem(source: { text: string; parsed: Parsed }): CelProblem | undefined {
  try {
    const shape = shapeOf(source.parsed.expr, QUESTION.fields);
    if (shape.kind === 'bool' || shape.kind === 'dyn') return undefined;
    return problemIn(source, source.parsed.expr, `comes to ${nameOf(shape)} and not to true or false`);
  } catch (error) {
    if (error instanceof Mistake) return problemIn(source, error.node, error.message);
    throw error;
  }
}

class Mistake extends Error {
  readonly node: Expression;
  constructor(node: Expression, message: string) {
    super(message);
    this.node = node;
  }
}

function shapeOf(node: Expression, scope: Scope): Shape {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return constantShape(node);
    case 'identExpr':
      return wordShape(node, exprKind.value.name, scope);
    case 'selectExpr':
      return selectShape(node, scope);
    case 'callExpr':
      return callShape(node, exprKind.value, scope);
    case 'listExpr':
      return { kind: 'list', of: commonShape(exprKind.value.elements.map(each => shapeOf(each, scope))) };
    case 'structExpr':
      return mapShape(node, scope);
    case 'comprehensionExpr':
      return loopShape(node, scope);
    default:
      throw new Mistake(node, 'is no expression');
  }
}

const CONSTANTS: Readonly<Record<string, Scalar>> = {
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  bytesValue: 'bytes',
  nullValue: 'null',
};

function constantShape(node: Expression): Shape {
  const text = constantText(node);
  if (text !== undefined) return { kind: 'string', values: [text] };
  const { exprKind } = node;
  const kind = exprKind.case === 'constExpr' ? exprKind.value.constantKind.case : undefined;
  return { kind: CONSTANTS[kind ?? ''] ?? 'dyn' };
}

function wordShape(node: Expression, name: string, scope: Scope): Shape {
  const shape = Object.hasOwn(scope, name) ? scope[name] : undefined;
  if (shape) return shape;
  throw new Mistake(node, `knows no ${name}; there is ${Object.keys(QUESTION.fields).join(', ')}`);
}

function selectShape(node: Expression, scope: Scope): Shape {
  if (node.exprKind.case !== 'selectExpr') return { kind: 'dyn' };
  const { operand, field, testOnly } = node.exprKind.value;
  const from = operand ? shapeOf(operand, scope) : ({ kind: 'dyn' } as const);
  const shape = fieldShape(node, from, field);
  return testOnly ? { kind: 'bool' } : shape;
}

function fieldShape(node: Expression, from: Shape, field: string): Shape {
  if (from.kind === 'dyn') return from;
  if (from.kind === 'map') return from.of;
  if (from.kind !== 'object')
    throw new Mistake(node, `looks for ${field} in ${nameOf(from)}, which has no fields`);
  const shape = Object.hasOwn(from.fields, field) ? from.fields[field] : undefined;
  if (shape) return shape;
  throw new Mistake(node, `looks for ${field}; there is ${Object.keys(from.fields).join(', ')}`);
}

function callShape(node: Expression, call: Call, scope: Scope): Shape {
  const operands = [...(call.target ? [call.target] : []), ...call.args];
  const shapes = operands.map(each => shapeOf(each, scope));
  if (call.function === '_[_]') return indexShape(node, operands, shapes);
  const result = resultOf(call.function, shapes, call.target !== undefined);
  if (typeof result === 'string') throw new Mistake(node, result);
  refuseImpossible(node, call.function, shapes);
  return result;
}

function indexShape(node: Expression, [, index]: Expression[], [from, key]: Shape[]): Shape {
  if (!from || !key || !index) return { kind: 'dyn' };
  if (from.kind === 'object') {
    const name = constantText(index);
    if (name === undefined) throw new Mistake(index, 'picks a field by a name that is not a constant text');
    return fieldShape(node, from, name);
  }
  if (from.kind === 'list' || from.kind === 'map') return from.of;
  if (from.kind === 'dyn') return from;
  throw new Mistake(node, `picks an entry of ${nameOf(from)}, which has none`);
}

/** A text compared with one it can never be, as in environment == "prod". */
function refuseImpossible(node: Expression, name: string, [one, other]: readonly Shape[]): void {
  if (!['_==_', '_!=_', '@in'].includes(name) || !one || !other) return;
  const [these, those] = [
    valuesOf(one),
    valuesOf(name === '@in' && other.kind === 'list' ? other.of : other),
  ];
  if (!these || !those || these.some(each => those.includes(each))) return;
  const [few, many] = these.length < those.length ? [these, those] : [those, these];
  throw new Mistake(
    node,
    `compares with ${few.map(each => `"${each}"`).join(', ')}; it is one of ${many.join(', ')}`,
  );
}

function valuesOf(shape: Shape): readonly string[] | undefined {
  return shape.kind === 'string' ? shape.values : undefined;
}

function mapShape(node: Expression, scope: Scope): Shape {
  if (node.exprKind.case !== 'structExpr') return { kind: 'dyn' };
  const { entries } = node.exprKind.value;
  for (const { keyKind } of entries) if (keyKind.case === 'mapKey') shapeOf(keyKind.value, scope);
  return {
    kind: 'map',
    of: commonShape(entries.map(({ value }) => (value ? shapeOf(value, scope) : { kind: 'dyn' }))),
  };
}

function loopShape(node: Expression, scope: Scope): Shape {
  if (node.exprKind.case !== 'comprehensionExpr') return { kind: 'dyn' };
  const { iterRange, iterVar, accuVar, accuInit, loopStep, result } = node.exprKind.value;
  if (!iterRange || !accuInit || !loopStep || !result) throw new Mistake(node, 'is no complete loop');
  const range = shapeOf(iterRange, scope);
  const inside = { ...scope, [iterVar]: entryShape(iterRange, range), [accuVar]: shapeOf(accuInit, scope) };
  shapeOf(loopStep, inside);
  return shapeOf(result, inside);
}

function entryShape(node: Expression, range: Shape): Shape {
  if (range.kind === 'list') return range.of;
  if (range.kind === 'map' || range.kind === 'object') return { kind: 'string' };
  if (range.kind === 'dyn') return range;
  throw new Mistake(node, `goes through ${nameOf(range)}, which has no entries`);
}

function commonShape(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes;
  return first ? others.reduce(eitherOf, first) : { kind: 'dyn' };
}
