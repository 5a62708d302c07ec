import { type CelInput, celList, celMap, isCelError, parse, plan } from '@bufbuild/cel';
import type { PolicyQuestion } from '../../domain/policy.ts';
import { MOST_ENTRIES, MOST_TEXT } from './cost.ts';
import { ENVIRONMENT } from './environment.ts';
import { QUESTION, type Shape } from './shape.ts';

/** The words of one question as CEL sees them, or why they cannot be asked about. */
export type Words = { readonly values: Record<string, CelInput> } | { readonly tooLarge: string };

/** Prepares a question once for all expressions: only what its schema names, whole numbers as int, `now` as a timestamp. */
export function wordsOf(question: PolicyQuestion): Words {
  const left = { characters: MOST_CHARACTERS };
  try {
    const values = Object.entries(QUESTION.fields).map(([name, shape]) => [
      name,
      celOf(question[name as keyof PolicyQuestion], { shape, path: name, left }),
    ]);
    return { values: Object.fromEntries(values) };
  } catch (error) {
    if (error instanceof TooLarge) return { tooLarge: error.message };
    throw error;
  }
}

/** Where in the question a value is, what it should be, and how much text the whole may still have. */
interface Place {
  readonly shape: Shape;
  readonly path: string;
  readonly left: { characters: number };
}

class TooLarge extends Error {}

const MOST_CHARACTERS = 32_768;
const timestampOf = plan(ENVIRONMENT, parse('timestamp(text)'));

function celOf(value: unknown, place: Place): CelInput {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number')
    return place.shape.kind === 'int' && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') return textOf(value, place);
  if (Array.isArray(value))
    return celList(bounded(value, place).map(each => celOf(each, partOf(place, '[]'))));
  if (typeof value !== 'object') return value as boolean;
  return mapOf(value, place);
}

function mapOf(value: object, place: Place): CelInput {
  const { shape } = place;
  const entries =
    shape.kind === 'object' ? Object.keys(shape.fields).map(fieldOf(value)) : Object.entries(value);
  return celMap(
    new Map(
      bounded(entries, place).map(([key, each]) => {
        if (shape.kind === 'map') textOf(key, { ...place, shape: KEY });
        return [key, celOf(each, partOf(place, key))];
      }),
    ),
  );
}

const KEY: Shape = { kind: 'string' };

function fieldOf(value: object): (key: string) => [string, unknown] {
  return key => [key, Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null];
}

function partOf({ shape, path, left }: Place, key: string): Place {
  return { shape: shapeOfPart(shape, key), path: key === '[]' ? `${path}[]` : `${path}.${key}`, left };
}

function shapeOfPart(shape: Shape, key: string): Shape {
  if (shape.kind === 'object') return shape.fields[key] ?? { kind: 'dyn' };
  return shape.kind === 'list' || shape.kind === 'map' ? shape.of : { kind: 'dyn' };
}

function textOf(text: string, { shape, path, left }: Place): CelInput {
  if (text.length > MOST_TEXT)
    throw new TooLarge(
      `${path} has ${text.length} characters, more than the ${MOST_TEXT} a rule may look at`,
    );
  left.characters -= text.length;
  if (left.characters < 0)
    throw new TooLarge(
      `the question has more than ${MOST_CHARACTERS} characters, too many for a rule to look at`,
    );
  if (shape.kind !== 'timestamp') return text;
  const time = timestampOf({ text });
  if (isCelError(time))
    throw new TooLarge(`${path} is "${text}", which is no point in time: ${time.message}`);
  return time as CelInput;
}

function bounded<T>(entries: readonly T[], { path }: Place): readonly T[] {
  if (entries.length > MOST_ENTRIES)
    throw new TooLarge(
      `${path} has ${entries.length} entries, more than the ${MOST_ENTRIES} a rule may look at`,
    );
  return entries;
}
