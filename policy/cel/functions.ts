import { nameOf, type Scalar, type Shape } from './shape.ts';

/** What a call gives, or in words why it never can. */
export type CallResult = Shape | string;

/** What an operator or function gives for arguments of these shapes; a method has its target first. */
export function resultOf(name: string, args: readonly Shape[], method: boolean): CallResult {
  const operator = OPERATORS.get(name);
  if (operator) return operator(args);
  const rows = TABLE.filter(row => row.name === name && row.method === method);
  if (rows.length === 0)
    return `calls ${name}, which ${method ? 'no value has' : 'there is not'}; there is ${NAMES}`;
  const row = rows.find(
    ({ takes }) => takes.length === args.length && takes.every((kinds, at) => isOne(args[at], kinds)),
  );
  return row ? { kind: row.gives } : `calls ${name} with ${args.map(nameOf).join(' and ') || 'nothing'}`;
}

interface Row {
  readonly name: string;
  readonly method: boolean;
  readonly takes: readonly (readonly Shape['kind'][])[];
  readonly gives: Scalar;
}

const TEXT = ['string'] as const;
const SIZED = ['string', 'bytes', 'list', 'map'] as const;
const DATE_PARTS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];
const CASTS: readonly (readonly [Scalar, readonly Shape['kind'][]])[] = [
  ['int', ['int', 'uint', 'double', 'string', 'timestamp', 'duration']],
  ['uint', ['int', 'uint', 'double', 'string']],
  ['double', ['int', 'uint', 'double', 'string']],
  ['string', ['string', 'bool', 'int', 'uint', 'double', 'bytes', 'timestamp', 'duration']],
  ['bool', ['bool', 'string']],
  ['timestamp', ['timestamp', 'string', 'int']],
  ['duration', ['duration', 'string', 'int']],
];

const TABLE: readonly Row[] = [
  { name: 'size', method: false, takes: [SIZED], gives: 'int' },
  { name: 'size', method: true, takes: [SIZED], gives: 'int' },
  ...['contains', 'startsWith', 'endsWith', 'matches'].map(name => ({
    name,
    method: true,
    takes: [TEXT, TEXT],
    gives: 'bool' as const,
  })),
  ...CASTS.map(([gives, kinds]) => ({ name: gives, method: false, takes: [kinds], gives })),
  { name: 'dyn', method: false, takes: [['dyn']], gives: 'dyn' },
  ...DATE_PARTS.flatMap(name => [
    { name, method: true, takes: [['timestamp', 'duration'] as const], gives: 'int' as const },
    { name, method: true, takes: [['timestamp'] as const, TEXT], gives: 'int' as const },
  ]),
];

const NAMES = [...new Set(TABLE.map(({ name }) => name)), 'has', 'exists', 'all', 'exists_one'].join(', ');
const BOOL = { kind: 'bool' } as const;
const NUMBERS: readonly Shape['kind'][] = ['int', 'uint', 'double'];

const logic = (args: readonly Shape[]): CallResult => {
  const other = args.find(arg => !isOne(arg, ['bool']));
  return other ? `takes ${nameOf(other)} for true or false` : BOOL;
};

const equality = ([one, other]: readonly Shape[]): CallResult => {
  if (!one || !other || comparable(one, other)) return BOOL;
  return `compares ${nameOf(one)} with ${nameOf(other)}, which are never equal`;
};

const ordering = ([one, other]: readonly Shape[]): CallResult => {
  if (!one || !other) return BOOL;
  const ordered = isOne(one, [...NUMBERS, 'string', 'timestamp', 'duration', 'bool', 'bytes']);
  if (ordered && comparable(one, other) && other.kind !== 'null') return BOOL;
  return `orders ${nameOf(one)} and ${nameOf(other)}, which have no order`;
};

const arithmetic =
  (sign: string, kinds: Readonly<Record<string, Scalar | 'list'>>) =>
  ([one, other]: readonly Shape[]): CallResult => {
    if (!one || !other || one.kind === 'dyn' || other.kind === 'dyn') return { kind: 'dyn' };
    const gives = kinds[`${one.kind} ${other.kind}`];
    if (gives === 'list') return one;
    if (gives) return { kind: gives };
    const mixed = NUMBERS.includes(one.kind) && NUMBERS.includes(other.kind);
    const how = mixed ? '; write 2.0 instead of 2, or use double(…)' : '';
    return `uses ${sign} on ${nameOf(one)} and ${nameOf(other)}${how}`;
  };

const SAME = { 'int int': 'int', 'uint uint': 'uint', 'double double': 'double' } as const;
const TIME = { 'duration duration': 'duration', 'timestamp duration': 'timestamp' } as const;

/** A map, so that no function is found by the name of something that every object has. */
const OPERATORS: ReadonlyMap<string, (args: readonly Shape[]) => CallResult> = new Map(
  Object.entries({
    '_&&_': logic,
    '_||_': logic,
    '!_': logic,
    '_==_': equality,
    '_!=_': equality,
    '_<_': ordering,
    '_<=_': ordering,
    '_>_': ordering,
    '_>=_': ordering,
    '_+_': arithmetic('+', {
      ...SAME,
      ...TIME,
      'duration timestamp': 'timestamp',
      'string string': 'string',
      'bytes bytes': 'bytes',
      'list list': 'list',
    }),
    '_-_': arithmetic('-', { ...SAME, ...TIME, 'timestamp timestamp': 'duration' }),
    '_*_': arithmetic('*', SAME),
    '_/_': arithmetic('/', SAME),
    '_%_': arithmetic('%', { 'int int': 'int', 'uint uint': 'uint' }),
    '-_': ([one]) => (one && isOne(one, ['int', 'double']) ? one : 'negates what is no number'),
    '@in': ([, all]) =>
      all && isOne(all, ['list', 'map', 'object']) ? BOOL : 'asks what is in something that has no entries',
    '_?_:_': ([condition, one, other]) => {
      if (condition && !isOne(condition, ['bool'])) return `takes ${nameOf(condition)} for true or false`;
      return one && one.kind === other?.kind ? one : { kind: 'dyn' };
    },
  } satisfies Record<string, (args: readonly Shape[]) => CallResult>),
);

function isOne(shape: Shape | undefined, kinds: readonly Shape['kind'][]): boolean {
  return shape !== undefined && (shape.kind === 'dyn' || kinds.includes('dyn') || kinds.includes(shape.kind));
}

function comparable(one: Shape, other: Shape): boolean {
  const kinds = [one.kind, other.kind];
  if (kinds.includes('dyn') || kinds.includes('null') || one.kind === other.kind) return true;
  return (
    kinds.every(kind => NUMBERS.includes(kind)) || kinds.every(kind => kind === 'map' || kind === 'object')
  );
}
