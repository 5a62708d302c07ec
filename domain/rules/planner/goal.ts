import type { Size } from '../../runtime.ts';
import { type Bound, both, type Limits } from './limits.ts';
import { quoted, unknownWords, wordsOf } from './words.ts';

/** One thing to be done or reached, in the order of the text. */
export type Wish = (
  | { readonly verb: 'start' | 'stop' | 'restart' | 'rollout_restart' | 'snapshot' }
  | { readonly verb: 'restart_unhealthy' | 'reduce_cost' | 'keep_limits' }
  | { readonly verb: 'scale'; readonly to: Scale }
) & {
  /** It only prepares the next one ("snapshot before …") and falls away with it. */
  readonly prepares?: boolean;
};

export interface Scale {
  readonly replicas?: number;
  readonly size?: Size;
  /** Which way "scale up to" or "scale down to" says it goes. */
  readonly direction?: 'up' | 'down';
}

/** What a goal means once every word of it was understood. */
export interface TypedIntent {
  readonly wishes: readonly Wish[];
  readonly limits: Limits;
  /** A time of day or week, as it was said; no action has one. */
  readonly schedule?: string;
}

export type Understood = { readonly intent: TypedIntent } | { readonly misunderstood: readonly string[] };

/** Reads a goal. It is understood wholly or not at all: half a sentence may say the opposite of the whole. */
export function readGoal(goal: string): Understood {
  if (goal.length > MAX_LENGTH)
    return { misunderstood: [`the goal has ${goal.length} characters; at most ${MAX_LENGTH} are read`] };
  const { words, schedule } = withoutSchedule(wordsOf(goal));
  const clauses = split(words, AND).flatMap(ordered);
  if (clauses.length === 0) return { misunderstood: ['the goal says nothing to be done'] };
  const read = clauses.map(readClause);
  const misunderstood = read.flatMap(clause => ('misunderstood' in clause ? [clause.misunderstood] : []));
  if (misunderstood.length > 0) return { misunderstood };
  const meant = read.flatMap(clause => ('misunderstood' in clause ? [] : [clause]));
  const limits = meant.map(clause => clause.limits).reduce(both, {});
  const wishes = wishesOf(meant);
  if (wishes.length > MAX_WISHES)
    return {
      misunderstood: [`the goal names ${wishes.length} things to do; at most ${MAX_WISHES} are read`],
    };
  return { intent: { wishes, limits, ...(schedule === undefined ? {} : { schedule }) } };
}

const MAX_LENGTH = 1000;
const MAX_WISHES = 10;
const AND: ReadonlySet<string> = new Set(['and', 'then', ',', ';', '.']);
const WHILE: ReadonlySet<string> = new Set(['while', 'with', 'but']);

interface Clause {
  readonly words: readonly string[];
  readonly prepares: boolean;
}

type Meaning = { readonly wish?: Wish; readonly limits: Limits };
type ReadClause = Meaning | { readonly misunderstood: string };

/** A limit that is all there is to a clause is a thing to reach, unless something else in the goal decides the size. */
function wishesOf(meanings: readonly Meaning[]): Wish[] {
  const decided = meanings.some(({ wish }) => wish?.verb === 'scale' || wish?.verb === 'reduce_cost');
  const firstLimit = meanings.findIndex(({ wish }) => wish?.verb === 'keep_limits');
  return meanings.flatMap(({ wish }, index) => {
    if (wish === undefined) return [];
    const kept = wish.verb !== 'keep_limits' || (!decided && index === firstLimit);
    return kept ? [wish] : [];
  });
}

function readClause({ words, prepares }: Clause): ReadClause {
  const [main = [], ...modifiers] = split(words, WHILE, 'keep empty');
  const meaning = meaningOf(main.join(' '));
  const limits = modifiers.map(modifier => limitOf(modifier.join(' ')));
  if (meaning === undefined || limits.includes(undefined)) return { misunderstood: complaint(words) };
  return {
    ...(meaning.wish === undefined ? {} : { wish: { ...meaning.wish, ...(prepares ? { prepares } : {}) } }),
    limits: limits.reduce<Limits>((all, limit) => both(all, limit ?? {}), meaning.limits),
  };
}

function meaningOf(text: string): Meaning | undefined {
  const limits = limitOf(text);
  if (limits !== undefined) return { wish: { verb: 'keep_limits' }, limits };
  const wish = PHRASES.find(({ pattern }) => pattern.test(text))?.wish ?? scaleOf(text);
  return wish === undefined ? undefined : { wish, limits: {} };
}

const PHRASES: readonly { readonly pattern: RegExp; readonly wish: Wish }[] = [
  { pattern: /^(?:reduce cost|(?:make |be )?cheaper)$/, wish: { verb: 'reduce_cost' } },
  {
    pattern: /^restart (?:if |when |what is )?unhealthy(?: replicas)?$/,
    wish: { verb: 'restart_unhealthy' },
  },
  { pattern: /^restart$/, wish: { verb: 'restart' } },
  { pattern: /^rolling restart$/, wish: { verb: 'rollout_restart' } },
  { pattern: /^start$/, wish: { verb: 'start' } },
  { pattern: /^stop$/, wish: { verb: 'stop' } },
  { pattern: /^(?:take |make )?snapshot$/, wish: { verb: 'snapshot' } },
];

function scaleOf(text: string): Wish | undefined {
  const match =
    /^scale (?:(up|out|down|in) )?to (?:(\d{1,15})(?: replicas)?|(?:size )?(small|medium|large|xlarge)(?: size)?)$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, way, replicas, size] = match;
  const direction =
    way === undefined ? {} : ({ direction: way === 'up' || way === 'out' ? 'up' : 'down' } as const);
  const to = replicas === undefined ? { size: size as Size } : { replicas: Number(replicas) };
  return { verb: 'scale', to: { ...to, ...direction } };
}

const BELOW = '(?:to )?(?:(?<strict><|under|below|less than)|(?:<=|at most|no more than|within))';
const AMOUNT = '(?<amount>\\d{1,12}(?:\\.\\d{1,6})?)';
const LATENCY = new RegExp(`^(?:keep )?latency ${BELOW} ${AMOUNT} (?<unit>ms|s)$`);
const COST = new RegExp(`^(?:keep )?cost ${BELOW} ${AMOUNT} (?:(?:/|per) )?month$`);
const AVAILABLE =
  /^(?:(?:be|make|keep|stay|ensure) )?(?:highly available|high availability|availability high)$/;

/** The limit a phrase stands for, e.g. `latency < 50 ms`; nothing when it is no limit. Constraints are read by it too. */
export function limitOf(text: string): Limits | undefined {
  if (AVAILABLE.test(text)) return { availability: 'high' };
  const latency = LATENCY.exec(text)?.groups;
  if (latency) return { latencyMs: boundOf(latency, latency['unit'] === 's' ? 1000 : 1) };
  const cost = COST.exec(text)?.groups;
  return cost ? { costPerMonth: boundOf(cost, 1) } : undefined;
}

function boundOf(groups: Readonly<Record<string, string | undefined>>, factor: number): Bound {
  return { max: Number(groups['amount']) * factor, inclusive: groups['strict'] === undefined };
}

const CLOCK = '\\d{1,2}(?: : \\d{2})?';
const SCHEDULE = new RegExp(
  `(?:(?:at|every|on) (?:night|weekend)|overnight|outside (?:office|working|business) hours|(?:from|between) ${CLOCK} (?:to|until|and) ${CLOCK})(?= |$)`,
);

function withoutSchedule(words: readonly string[]): { words: string[]; schedule?: string } {
  const text = words.join(' ');
  const match = SCHEDULE.exec(text);
  if (match === null || (match.index > 0 && text[match.index - 1] !== ' ')) return { words: [...words] };
  const rest = `${text.slice(0, match.index)}${text.slice(match.index + match[0].length)}`;
  return { words: rest.split(' ').filter(word => word !== ''), schedule: match[0].replaceAll(' : ', ':') };
}

/** "A before B" and "B after A" are A, which prepares, and B. */
function ordered(words: readonly string[]): Clause[] {
  const at = words.findIndex(word => word === 'before' || word === 'after');
  if (at === -1) return [{ words, prepares: false }];
  const [left, right] = [words.slice(0, at), words.slice(at + 1)];
  if (left.length === 0 || right.length === 0) return [{ words, prepares: false }];
  const [first, second] = words[at] === 'before' ? [left, right] : [right, left];
  return [
    { words: first, prepares: true },
    { words: second, prepares: false },
  ];
}

function split(words: readonly string[], at: ReadonlySet<string>, empty?: 'keep empty'): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (at.has(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return empty === undefined ? parts.filter(part => part.length > 0) : parts;
}

function complaint(words: readonly string[]): string {
  const unknown = unknownWords(words);
  const clause = quoted(words.join(' '));
  if (unknown.length > 0) {
    const some = unknown.slice(0, 10).map(quoted).join(', ');
    return `${clause} has words that are not in the grammar: ${some}`;
  }
  return `the words of ${clause} are known, but not together`;
}
