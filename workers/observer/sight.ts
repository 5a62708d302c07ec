import type { FollowedKind, KindWatch } from './kind-watch.ts';

/** Whether what an adapter judges by is known: yes, not yet, or no longer, and why. */
export type Sight =
  | { readonly is: 'clear' }
  | { readonly is: 'not_yet' }
  | { readonly is: 'blind'; readonly reason: string };

/** The sight on runtimes that are made of these kinds; kinds that are not among the watches are always known. */
export function sightOf(
  kinds: readonly FollowedKind[],
  {
    watches,
    maxAgeSeconds,
  }: {
    readonly watches: ReadonlyMap<string, Pick<KindWatch, 'state' | 'ageSeconds'>>;
    readonly maxAgeSeconds: number;
  },
): Sight {
  const needed = kinds.flatMap(kind => {
    const watch = watches.get(wordFor(kind));
    return watch ? [{ kind, watch }] : [];
  });
  const silent = needed.filter(({ watch }) => !(watch.ageSeconds() <= maxAgeSeconds));
  if (silent.length > 0) {
    const words = silent.map(({ kind }) => `${kind.kind} (${kind.apiVersion})`).join(', ');
    const reason = `The observer has not heard of ${words} for more than ${maxAgeSeconds} s.`;
    return { is: 'blind', reason };
  }
  const isKnown = ({ watch }: (typeof needed)[number]) => KNOWN.includes(watch.state());
  return needed.every(isKnown) ? { is: 'clear' } : { is: 'not_yet' };
}

const KNOWN: readonly string[] = ['followed', 'not_installed'];

/** The word for a kind in metrics and logs: with its group where that is not one of Kubernetes' own. */
export function wordFor({ apiVersion, kind }: FollowedKind): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return group.includes('.') ? `${kind}.${group}` : kind;
}
