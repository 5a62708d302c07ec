import { createReleaseStorage, type Release } from '../../clients/helm/storage.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';

/** One release, as its Secrets name it. */
export interface ReleaseKey {
  readonly namespace: string;
  readonly release: string;
}

/** What Helm's own Secrets say, past every part of RuntimeAI that could be wrong about it. */
export interface ReleaseBook {
  /** All revisions with everything in them, oldest first. */
  history(key: ReleaseKey): Promise<readonly Release[]>;
  /** The revisions in words, e.g. `2 deployed`, oldest first. */
  revisions(key: ReleaseKey): Promise<string[]>;
}

/** Opens the book of one cluster. */
export function releaseBook(kubernetes: KubernetesClient): ReleaseBook {
  const storage = createReleaseStorage(kubernetes);
  return {
    history: key => storage.history(key),
    revisions: async key =>
      (await storage.history(key)).map(({ revision, status }) => `${revision} ${status}`),
  };
}
