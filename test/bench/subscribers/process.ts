import { setTimeout as delay } from 'node:timers/promises';
import { Subscriber } from './subscriber.ts';

/** What to follow: so many subscribers of each of these addresses, some of them cut in each tenth of a second. */
export interface FollowOrder {
  readonly urls: readonly string[];
  readonly key: string;
  readonly ofEach: number;
  readonly cutPerSecond: number;
}

/** The last number of each address, when everything has been written. */
export interface EndOrder {
  readonly lasts: readonly number[];
  readonly withinSeconds: number;
}

export interface FollowResult {
  readonly complete: number;
  readonly gaps: number;
  readonly repeats: number;
  readonly reconnects: number;
  readonly delivered: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
}

let subscribers: { readonly of: number; readonly subscriber: Subscriber }[] = [];
let cutting: NodeJS.Timeout | undefined;

function follow({ urls, key, ofEach, cutPerSecond }: FollowOrder): number {
  subscribers = urls.flatMap((url, of) =>
    Array.from({ length: ofEach }, () => ({ of, subscriber: new Subscriber(url, key) })),
  );
  cutting = setInterval(() => {
    for (let cuts = 0; cuts < cutPerSecond / 10; cuts += 1)
      subscribers[Math.floor(Math.random() * subscribers.length)]?.subscriber.cut();
  }, 100);
  return subscribers.length;
}

async function end({ lasts, withinSeconds }: EndOrder): Promise<FollowResult> {
  clearInterval(cutting);
  const isComplete = ({ of, subscriber }: (typeof subscribers)[number]) => subscriber.last === lasts[of];
  for (let waited = 0; waited < withinSeconds * 10 && !subscribers.every(isComplete); waited += 1)
    await delay(100);
  const all = subscribers.map(({ subscriber }) => subscriber);
  const lags = Float64Array.from(all.flatMap(({ lagsMs }) => lagsMs)).sort();
  const rank = (share: number) => lags[Math.max(0, Math.ceil(share * lags.length) - 1)] ?? Number.NaN;
  const sum = (pick: (subscriber: Subscriber) => number) => all.reduce((sum, each) => sum + pick(each), 0);
  for (const subscriber of all) subscriber.stop();
  return {
    complete: subscribers.filter(isComplete).length,
    gaps: sum(({ gaps }) => gaps),
    repeats: sum(({ repeats }) => repeats),
    reconnects: sum(({ reconnects }) => reconnects),
    delivered: lags.length,
    lagP50Ms: rank(0.5),
    lagP99Ms: rank(0.99),
  };
}

process.on('message', (order: FollowOrder | EndOrder) => {
  const answer = 'urls' in order ? Promise.resolve(follow(order)) : end(order);
  answer.then(
    result => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.once('disconnect', () => process.exit());
