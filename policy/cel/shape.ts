import { z } from 'zod';
import { PolicyQuestion } from '../../domain/policy.ts';

/** What is known of a value before there is one. `dyn` is anything. */
export type Shape =
  | { readonly kind: Scalar; readonly nullable?: boolean; readonly values?: readonly string[] }
  | { readonly kind: 'list' | 'map'; readonly of: Shape; readonly nullable?: boolean }
  | {
      readonly kind: 'object';
      readonly fields: Readonly<Record<string, Shape>>;
      readonly nullable?: boolean;
    };

/** The kinds of values without parts. */
export type Scalar =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'null'
  | 'type'
  | 'dyn';

/** JSON Schema, as far as the question uses it. */
interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** A shape in words, for messages. */
export function nameOf(shape: Shape): string {
  if (shape.kind === 'list' || shape.kind === 'map') return `a ${shape.kind}`;
  return (
    {
      object: 'an object',
      int: 'a whole number',
      double: 'a number',
      string: 'a text',
      bool: 'true or false',
    }[shape.kind as string] ?? `a ${shape.kind}`
  );
}

function questionShape(): Shape & { readonly kind: 'object' } {
  const schema = z.toJSONSchema(PolicyQuestion, { io: 'output' }) as Schema;
  const shape = shapeOf(schema, schema.$defs ?? {});
  if (shape.kind !== 'object') throw new Error('the schema of PolicyQuestion is not an object');
  return shape;
}

function shapeOf(schema: Schema, definitions: Readonly<Record<string, Schema>>): Shape {
  const named = schema.$ref && definitions[schema.$ref.replace('#/$defs/', '')];
  if (named) return shapeOf(named, definitions);
  if (schema.anyOf) return unionOf(schema.anyOf.map(each => shapeOf(each, definitions)));
  switch (schema.type) {
    case 'object':
      return objectOf(schema, definitions);
    case 'array':
      return { kind: 'list', of: schema.items ? shapeOf(schema.items, definitions) : { kind: 'dyn' } };
    case 'string':
      return textShape(schema);
    default:
      return { kind: SCALARS[schema.type ?? ''] ?? 'dyn' };
  }
}

function textShape({ format, const: one, enum: some }: Schema): Shape {
  if (format === 'date-time') return { kind: 'timestamp' };
  const values = one === undefined ? some : [one];
  return values ? { kind: 'string', values: values.map(String) } : { kind: 'string' };
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  integer: 'int',
  number: 'double',
  boolean: 'bool',
  null: 'null',
};

function objectOf(schema: Schema, definitions: Readonly<Record<string, Schema>>): Shape {
  const { properties, additionalProperties } = schema;
  if (!properties && typeof additionalProperties === 'object')
    return { kind: 'map', of: shapeOf(additionalProperties, definitions) };
  const fields = Object.entries(properties ?? {}).map(([name, each]) => [name, shapeOf(each, definitions)]);
  return { kind: 'object', fields: Object.fromEntries(fields) };
}

function unionOf(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes.filter(({ kind }) => kind !== 'null');
  if (!first) return { kind: 'null' };
  const one = others.reduce(eitherOf, first);
  return shapes.some(({ kind }) => kind === 'null') ? { ...one, nullable: true } : one;
}

/** What is known of a value that is one or the other. */
export function eitherOf(one: Shape, other: Shape): Shape {
  if (one.kind === 'null') return { ...other, nullable: true };
  if (other.kind === 'null') return { ...one, nullable: true };
  if (one.kind !== other.kind) return { kind: 'dyn' };
  if (!('values' in one && 'values' in other)) return 'values' in one ? { kind: one.kind } : one;
  return { kind: 'string', values: [...(one.values ?? []), ...(other.values ?? [])] };
}

/** The words of a question, taken from its schema, so that rules and questions cannot differ. */
export const QUESTION: Shape & { readonly kind: 'object' } = questionShape();
