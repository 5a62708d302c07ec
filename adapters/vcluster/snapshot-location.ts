import type { RuntimeTarget } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import type { VClusterSettings } from './settings.ts';

/** Options of a snapshot as vcluster keeps them (`snapshotapi.Options`), and the address it finds them by. */
export interface SnapshotLocation {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where a new snapshot goes: under the configured address, apart for every runtime. */
export function locationOfNew(
  target: RuntimeTarget,
  snapshotId: string,
  settings: VClusterSettings,
): SnapshotLocation {
  const base = settings.snapshotUrl;
  if (base === undefined)
    throw new AdapterFailure('snapshot_failed', 'There is nowhere to put a snapshot of a vcluster.', {
      nextStep: 'Set RUNTIMEAI_VCLUSTER_SNAPSHOT_URL, e.g. s3://bucket/prefix or oci://registry/repository.',
    });
  const folder = `${base.replace(/\/+$/, '')}/${target.tenantId}/${target.runtimeId}`;
  return locationOf(base.startsWith('oci:') ? `${folder}:${snapshotId}` : `${folder}/${snapshotId}.tar.gz`);
}

/** The options for an address, as `vcluster snapshot` itself takes it apart (pkg/snapshot/options.go of v0.36.1). */
export function locationOf(url: string): SnapshotLocation {
  const parts = /^(s3|oci|container|https):\/\/([^/?#@]*)(\/[^?#]*)$/.exec(url);
  const [, scheme = '', host = '', path = ''] = parts ?? [];
  if (parts === null || (scheme === 'container') !== (host === ''))
    throw new AdapterFailure('snapshot_failed', `A snapshot cannot lie at ${url}.`, {
      nextStep:
        'Set RUNTIMEAI_VCLUSTER_SNAPSHOT_URL to s3://bucket/prefix, oci://registry/repository, container:///path or an https address of Azure Blob Storage, without user, password or query.',
    });
  return { url, options: optionsOf(scheme, { url, host, path }) };
}

/** The port a storage at an unusual one must be reached at. */
export function snapshotPortOf({ snapshotUrl }: VClusterSettings): number | undefined {
  const port = /^[a-z0-9]+:\/\/[^/]*:([0-9]+)(?=\/|$)/.exec(snapshotUrl ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}

/** Whether the snapshot would lie in the control plane's own container: only its volume outlives it. */
export function isWithinContainer({ snapshotUrl }: VClusterSettings): boolean {
  return snapshotUrl?.startsWith('container:') ?? false;
}

function optionsOf(
  scheme: string,
  at: { url: string; host: string; path: string },
): SnapshotLocation['options'] {
  const empty = { s3: {}, container: {}, oci: {}, azure: {}, file: {} };
  switch (scheme) {
    case 's3':
      return { ...empty, type: 's3', s3: { bucket: at.host, key: at.path.slice(1) } };
    case 'oci':
      return { ...empty, type: 'oci', oci: { repository: `${at.host}${at.path}` } };
    case 'container':
      return { ...empty, type: 'container', container: { path: at.path } };
    default:
      return { ...empty, type: 'azure', azure: { 'blob-url': at.url } };
  }
}
