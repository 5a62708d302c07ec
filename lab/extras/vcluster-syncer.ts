import { createHash } from 'node:crypto';
import { type KubernetesApi, sendUnless } from '../kubernetes-api.ts';

/**
 * One round of what the control planes of virtual clusters would do, were they not simulated: they take snapshot
 * requests through their phases, and the pod of a restore ends. Nothing is really copied; the addresses of snapshots
 * are kept in a ConfigMap, so that only what was taken can be restored. An address with `unreachable` in it fails, as
 * a storage would that is not there. A control plane that is not ready does nothing.
 */
export async function actAsSyncer(api: KubernetesApi): Promise<void> {
  const requests = (await api.send('GET', `/api/v1/configmaps?labelSelector=${REQUEST}`)) as List<Request>;
  for (const request of requests.items) if (await isServed(api, request)) await reconcile(api, request);
  const pods = (await api.send(
    'GET',
    '/api/v1/pods?labelSelector=app%3Dvcluster-snapshot',
  )) as List<RestorePod>;
  for (const pod of pods.items.filter(({ status }) => status.phase === 'Running')) await endRestore(api, pod);
}

const REQUEST = 'vcluster.loft.sh/snapshot-request';
const NAME = 'vcluster.loft.sh/vcluster-name';
const FINALIZER = 'vcluster.loft.sh/snapshot-controller';
const STORAGE = '/api/v1/namespaces/kube-system/configmaps/lab-vcluster-snapshots';

interface List<T> {
  items: T[];
}

interface Metadata {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  finalizers?: string[];
  deletionTimestamp?: string;
}

interface Request {
  metadata: Metadata;
  data: { snapshotRequest: string };
}

interface RequestBody {
  spec: { url: string };
  status: { phase?: string; error?: { message?: string } };
}

interface RestorePod {
  metadata: Metadata;
  spec: { containers: { name: string; env?: { name: string; value?: string }[] }[] };
  status: { phase: string };
}

/** A request is answered by the control plane it is for, and by nobody while that does not run. */
async function isServed(api: KubernetesApi, { metadata }: Request): Promise<boolean> {
  const { namespace, labels } = metadata;
  const selector = encodeURIComponent(`app=vcluster,release=${labels[NAME]}`);
  for (const kind of ['statefulsets', 'deployments']) {
    const path = `/apis/apps/v1/namespaces/${namespace}/${kind}?labelSelector=${selector}`;
    const found = (await api.send('GET', path)) as List<{ status: { readyReplicas?: number } }>;
    if (found.items.some(({ status }) => (status.readyReplicas ?? 0) > 0)) return true;
  }
  return false;
}

async function reconcile(api: KubernetesApi, request: Request): Promise<void> {
  const { metadata } = request;
  if (metadata.deletionTimestamp) return letGo(api, metadata);
  const body = JSON.parse(request.data.snapshotRequest) as RequestBody;
  switch (body.status.phase ?? '') {
    case '':
      return update(api, metadata, { ...body, status: { phase: 'CreatingEtcdBackup' } }, [FINALIZER]);
    case 'CreatingEtcdBackup':
      return update(api, metadata, { ...body, status: await takeSnapshot(api, metadata, body) });
    default:
      if (metadata.finalizers?.includes(FINALIZER)) await letGo(api, metadata);
  }
}

async function takeSnapshot(
  api: KubernetesApi,
  { namespace, name }: Metadata,
  body: RequestBody,
): Promise<RequestBody['status']> {
  const failed = (message: string) => ({ phase: 'Failed', error: { message } });
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const secret = (await sendUnless(404, () => api.send('GET', path))) as
    | { data: { snapshotOptions?: string } }
    | undefined;
  const options = secret && decoded(secret.data.snapshotOptions);
  if (!options) return failed(`can't find snapshot request Secret ${namespace}/${name}`);
  const problem = problemWith(options);
  if (problem) return failed(`failed to run snapshot client: ${problem}`);
  await remember(api, body.spec.url);
  return { phase: 'Completed' };
}

interface Options {
  type?: string;
  s3?: { bucket?: string; key?: string };
  oci?: { repository?: string };
  container?: { path?: string };
  azure?: { 'blob-url'?: string };
}

function decoded(base64: string | undefined): Options | undefined {
  return base64 === undefined ? undefined : JSON.parse(Buffer.from(base64, 'base64').toString());
}

function addressOf({ type, s3, oci, container, azure }: Options): string | undefined {
  if (type === 's3' && s3?.bucket && s3.key) return `s3://${s3.bucket}/${s3.key}`;
  if (type === 'oci' && oci?.repository) return `oci://${oci.repository}`;
  if (type === 'container' && container?.path) return `container://${container.path}`;
  return type === 'azure' ? azure?.['blob-url'] : undefined;
}

function problemWith(options: Options): string | undefined {
  const address = addressOf(options);
  if (!address) return `type ${options.type ?? '(none)'} lacks what names its place`;
  return address.includes('unreachable') ? `dial ${address}: no such host` : undefined;
}

/** The Secret with the storage's options goes as soon as the request is over, and the finalizer with it. */
async function letGo(api: KubernetesApi, { namespace, name }: Metadata): Promise<void> {
  await sendUnless(404, () => api.send('DELETE', `/api/v1/namespaces/${namespace}/secrets/${name}`));
  await patch(api, `/api/v1/namespaces/${namespace}/configmaps/${name}`, { metadata: { finalizers: null } });
}

function update(
  api: KubernetesApi,
  { namespace, name }: Metadata,
  body: RequestBody,
  finalizers?: string[],
): Promise<void> {
  return patch(api, `/api/v1/namespaces/${namespace}/configmaps/${name}`, {
    ...(finalizers ? { metadata: { finalizers } } : {}),
    data: { snapshotRequest: JSON.stringify(body) },
  });
}

async function patch(api: KubernetesApi, path: string, change: unknown): Promise<void> {
  await sendUnless(404, () => api.send('PATCH', path, change));
}

async function remember(api: KubernetesApi, address: string): Promise<void> {
  const taken = { data: { [keyOf(address)]: address } };
  const [folder = '', name = ''] = STORAGE.split(/\/(?=[^/]*$)/);
  await sendUnless(409, () => api.send('POST', folder, { metadata: { name }, ...taken }));
  await api.send('PATCH', STORAGE, taken);
}

async function isTaken(api: KubernetesApi, address: string): Promise<boolean> {
  const kept = (await sendUnless(404, () => api.send('GET', STORAGE))) as
    | { data?: Record<string, string> }
    | undefined;
  return kept?.data?.[keyOf(address)] === address;
}

function keyOf(address: string): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 32);
}

async function endRestore(api: KubernetesApi, { metadata, spec }: RestorePod): Promise<void> {
  const [container] = spec.containers;
  const given = container?.env?.find(({ name }) => name === 'VCLUSTER_STORAGE_OPTIONS')?.value;
  const address = given && addressOf(decoded(given) ?? {});
  const found = address !== undefined && address !== '' && (await isTaken(api, address));
  const exitCode = found ? 0 : 1;
  const message = found ? '' : `there is no snapshot at ${address || '(no address)'}`;
  const finishedAt = new Date().toISOString();
  const terminated = { exitCode, reason: found ? 'Completed' : 'Error', message, finishedAt };
  const status = {
    phase: found ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', reason: 'PodCompleted' }],
    containerStatuses: [
      {
        name: container?.name,
        image: 'simulated',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated },
      },
    ],
  };
  await patch(api, `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, { status });
}
