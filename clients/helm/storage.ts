import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { fieldsOf, type KubernetesObject, textOf } from '../kubernetes/objects.ts';
import type { KubernetesClient } from '../kubernetes/requests.ts';
import type { ReleaseName } from './cli.ts';
import { documentsOf, manifestDigest } from './manifests.ts';

/** Helm's words for the state of a revision. */
export type ReleaseStatus =
  | 'unknown'
  | 'deployed'
  | 'uninstalled'
  | 'superseded'
  | 'failed'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback';

/** One revision of a release, as Helm keeps it in a Secret. */
export interface Release extends ReleaseName {
  readonly revision: number;
  readonly status: ReleaseStatus;
  /** Labels given with `--labels`, among them ours; later revisions inherit them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string;
  readonly manifest: string;
  readonly manifestDigest: string;
  readonly chart: { readonly name: string; readonly version: string };
  /** When the operation that made it began; Helm's own label of this name is inherited and says nothing. */
  readonly modifiedAt: Date;
  readonly secret: { readonly name: string; readonly resourceVersion: string };
}

/** Reads and repairs what Helm remembers of its releases. */
export interface ReleaseStorage {
  /** All revisions, oldest first. One that cannot be read is an error: without it nobody knows which is the last. */
  history(name: ReleaseName): Promise<readonly Release[]>;
  /**
   * Turns a revision whose Helm is dead into a failed one. Compare-and-swap: a `KubernetesError` of kind `conflict`
   * when anything wrote to it since it was read.
   */
  markFailed(release: Release, description: string): Promise<void>;
}

/** A revision's Secret holds something that is no release. */
export class UnreadableRelease extends Error {
  override readonly name = 'UnreadableRelease';
}

/** Makes the reader of release Secrets of one cluster. */
export function createReleaseStorage(kubernetes: Pick<KubernetesClient, 'list' | 'patch'>): ReleaseStorage {
  const known = new KnownRevisions();
  return {
    async history(name) {
      const secrets = await kubernetes.list({
        apiVersion: 'v1',
        kind: 'Secret',
        namespace: name.namespace,
        labelSelector: `owner=helm,name=${name.release}`,
      });
      const releases = await Promise.all(secrets.map(secret => known.read(secret, name)));
      return releases.sort((one, other) => one.revision - other.revision);
    },
    async markFailed(release, description) {
      const [secret] = await kubernetes.list({
        apiVersion: 'v1',
        kind: 'Secret',
        namespace: release.namespace,
        labelSelector: `owner=helm,name=${release.release},version=${release.revision}`,
      });
      if (secret === undefined)
        throw new UnreadableRelease(`${release.secret.name} is gone; it was there a moment ago.`);
      const stored = await decode(secret);
      const info = { ...fieldsOf(stored['info']), status: 'failed', description };
      await kubernetes.patch(
        { apiVersion: 'v1', kind: 'Secret', namespace: release.namespace, name: release.secret.name },
        {
          metadata: { resourceVersion: release.secret.resourceVersion, labels: { status: 'failed' } },
          data: { release: await encode({ ...stored, info }) },
        },
      );
    },
  };
}

/** Unpacking a revision costs about a millisecond, and most revisions never change again. */
class KnownRevisions {
  readonly #releases = new Map<string, Release>();

  async read(secret: KubernetesObject, name: ReleaseName): Promise<Release> {
    const { uid, resourceVersion } = secret.metadata;
    if (uid === undefined || resourceVersion === undefined) return readRelease(secret, name);
    const key = `${uid}@${resourceVersion}`;
    const release = this.#releases.get(key) ?? (await readRelease(secret, name));
    this.#releases.delete(key);
    this.#releases.set(key, release);
    const [oldest] = this.#releases.keys();
    if (this.#releases.size > MAX_KNOWN && oldest !== undefined) this.#releases.delete(oldest);
    return release;
  }
}

const MAX_KNOWN = 500;

/** Labels Helm sets itself on every release Secret. */
const OWN_LABELS: ReadonlySet<string> = new Set([
  'name',
  'owner',
  'status',
  'version',
  'createdAt',
  'modifiedAt',
]);

async function readRelease(secret: KubernetesObject, name: ReleaseName): Promise<Release> {
  const stored = await decode(secret);
  const info = fieldsOf(stored['info']);
  const revision = stored['version'];
  const status = textOf(info['status']);
  if (typeof revision !== 'number' || status === '')
    throw unreadable(secret, 'it has no version or no status');
  const chart = fieldsOf(fieldsOf(stored['chart'])['metadata']);
  const manifest = textOf(stored['manifest']);
  return {
    ...name,
    revision,
    status: status as ReleaseStatus,
    labels: Object.fromEntries(
      Object.entries(secret.metadata.labels ?? {}).filter(([label]) => !OWN_LABELS.has(label)),
    ),
    description: textOf(info['description']),
    manifest,
    manifestDigest: manifestDigest(documentsOf(manifest)),
    chart: { name: textOf(chart['name']), version: textOf(chart['version']) },
    modifiedAt: new Date(textOf(info['last_deployed']) || (secret.metadata.creationTimestamp ?? 0)),
    secret: { name: secret.metadata.name, resourceVersion: secret.metadata.resourceVersion ?? '' },
  };
}

// Helm stores base64 of gzip of JSON, and the API carries Secret data as base64 once more
// (helm/pkg/storage/driver/util.go, encodeRelease).
async function decode(secret: KubernetesObject): Promise<Readonly<Record<string, unknown>>> {
  const data = textOf(fieldsOf(secret['data'])['release']);
  try {
    const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
    return fieldsOf(JSON.parse((await unzip(packed)).toString()));
  } catch (error) {
    throw unreadable(secret, String(error));
  }
}

async function encode(release: object): Promise<string> {
  const packed = await zip(JSON.stringify(release));
  return Buffer.from(packed.toString('base64')).toString('base64');
}

const unzip = promisify<Buffer, Buffer>(gunzip);
const zip = promisify<string, Buffer>(gzip);

function unreadable(secret: KubernetesObject, reason: string): UnreadableRelease {
  return new UnreadableRelease(
    `The release Secret ${secret.metadata.namespace}/${secret.metadata.name} cannot be read (${reason}), so its history is not known. ` +
      'Restore the Secret from a backup, or delete it if `helm history` shows that it is not needed; then try again.',
  );
}
