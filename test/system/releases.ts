import { gunzipSync } from 'node:zlib';
import { createReleaseStorage, type Release } from '../../clients/helm/storage.ts';
import { fieldsOf, textOf } from '../../clients/kubernetes/objects.ts';
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
  /** Everything the release Secrets of a namespace hold, unpacked: chart, values, manifests, notes. */
  contents(namespace: string): Promise<string>;
}

/** Opens the book of one cluster. */
export function releaseBook(kubernetes: KubernetesClient): ReleaseBook {
  const storage = createReleaseStorage(kubernetes);
  return {
    history: key => storage.history(key),
    contents: async namespace => {
      const labelSelector = 'owner=helm';
      const secrets = await kubernetes.list({ apiVersion: 'v1', kind: 'Secret', namespace, labelSelector });
      return secrets.map(secret => unpacked(textOf(fieldsOf(secret['data'])['release']))).join('\n');
    },
    revisions: async key =>
      (await storage.history(key)).map(({ revision, status }) => `${revision} ${status}`),
  };
}

/** Kubernetes encodes what Helm has encoded already: base64 of base64 of gzip. */
function unpacked(data: string): string {
  return gunzipSync(Buffer.from(Buffer.from(data, 'base64').toString(), 'base64')).toString();
}
