import { limitOf } from './goal.ts';
import { both, type Limits } from './limits.ts';
import { quoted, wordsOf } from './words.ts';

/** What the constraints of a request mean. */
export interface ReadConstraints {
  readonly limits: Limits;
  /** `cost: optimize`: where the goal leaves a choice, the cheaper one. */
  readonly preferCheaper: boolean;
  /** Every one that was not understood, with what would be: a plan that ignored one could break it. */
  readonly misunderstood: readonly { readonly what: string; readonly why: string }[];
}

/** Reads the constraints of a request; null and undefined stand for none. */
export function readConstraints(constraints: Readonly<Record<string, unknown>>): ReadConstraints {
  const read = Object.entries(constraints)
    .filter(([, value]) => value !== null && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => readOne(name, value));
  return {
    limits: read.map(one => one.limits ?? {}).reduce<Limits>(both, {}),
    preferCheaper: read.some(one => one.preferCheaper === true),
    misunderstood: read.flatMap(one => one.misunderstood ?? []),
  };
}

type ReadOne = Partial<Pick<ReadConstraints, 'limits' | 'preferCheaper' | 'misunderstood'>>;

const EXAMPLES = new Map([
  ['latency', '"<50ms"'],
  ['availability', '"high" or "normal"'],
  ['cost', '"optimize" or "<=100/mo"'],
]);

function readOne(name: string, value: unknown): ReadOne {
  const example = EXAMPLES.get(name);
  if (example === undefined) {
    const known = [...EXAMPLES.keys()].join(', ');
    return { misunderstood: [{ what: quoted(name), why: `no such constraint; there are ${known}` }] };
  }
  const text = typeof value === 'string' && value.length <= 100 ? wordsOf(value).join(' ') : '';
  const limits = limitsOf(name, text);
  if (limits !== undefined) return { limits };
  if (name === 'cost' && text === 'reduce') return { preferCheaper: true };
  const said = typeof value === 'string' ? quoted(value) : `a value of type ${typeof value}`;
  return { misunderstood: [{ what: name, why: `cannot read ${said}; write e.g. ${example}` }] };
}

function limitsOf(name: string, text: string): Limits | undefined {
  if (name === 'availability')
    return text === 'high' || text === 'normal' ? { availability: text } : undefined;
  return limitOf(`${name} ${text}`) ?? limitOf(`${name} <= ${text}`);
}
