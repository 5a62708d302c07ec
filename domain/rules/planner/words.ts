/** A goal as a list of the grammar's own words: lower case, synonyms folded, filler left out. */
export function wordsOf(goal: string): string[] {
  const text = goal.replace(/[A-Z]/g, letter => letter.toLowerCase()).replace(/[.!\s]+$/, '');
  const tokens = text.match(/[a-z][a-z0-9_]*|\d+(?:\.\d+)?(?!\d|\.\d)|<=|[^\s]/gu) ?? [];
  return tokens.map(token => SAME_AS.get(token) ?? token).filter(token => !FILLER.has(token));
}

/** The words of a clause that occur nowhere in the grammar. */
export function unknownWords(words: readonly string[]): string[] {
  return [...new Set(words.filter(word => !KNOWN.has(word) && !/^\d/.test(word)))];
}

/** What is shown of a text from outside: short, and quoted so that it cannot pass for our own words. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

const FILLER = new Set(['the', 'a', 'an', 'it', 'its', 'this', 'my', 'runtime', 'please']);

const SYNONYMS: Readonly<Record<string, string>> = {
  scale: 'scaling resize resizing',
  keep: 'keeping hold holding',
  reduce: 'reducing lower lowering cut cutting decrease minimize minimise optimize optimise save saving',
  cost: 'costs spend spending money bill price',
  make: 'making',
  be: 'being become becoming',
  take: 'taking create creating',
  stop: 'stopping',
  start: 'starting',
  restart: 'restarting',
  snapshot: 'snapshotting',
  replicas: 'replica pods pod instances instance',
  ms: 'millisecond milliseconds',
  s: 'second seconds sec',
  month: 'mo monthly',
  night: 'nights',
  overnight: 'nightly',
  weekend: 'weekends',
  rolling: 'rollout',
  '<=': '≤',
};

const SAME_AS = new Map(
  Object.entries(SYNONYMS).flatMap(([word, others]) =>
    others.split(' ').map(other => [other, word] as const),
  ),
);

/** Every word that stands in a pattern of `goal.ts`. */
const KNOWN = new Set([
  ...Object.keys(SYNONYMS),
  ...'and then while with but before after to up down out in small medium large xlarge size'.split(' '),
  ...'cheaper latency under below less than at most no more within per high highly'.split(' '),
  ...'available availability ensure stay unhealthy if when what is'.split(' '),
  ...'every on outside office working business hours from between until'.split(' '),
  ...'< , ; . / :'.split(' '),
]);
