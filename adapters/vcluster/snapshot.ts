import { KubernetesError } from '../../clients/kubernetes/errors.ts';
import { fieldsOf, type KubernetesObject, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget, SnapshotName, Step } from '../../domain/change.ts';
import { OPERATION_ANNOTATION } from '../../domain/rules/labels.ts';
import { asNamePart, markOf } from '../../domain/rules/marks.ts';
import { AdapterFailure } from '../failure.ts';
import { ownerLabels } from '../ownership.ts';
import { snapshotTaken } from './awaited.ts';
import { PAUSED, placeOf, RESTORING, SNAPSHOT_REQUEST, VCLUSTER_NAME, VCLUSTER_NAMESPACE } from './names.ts';
import type { Tools } from './settings.ts';
import { isWithinContainer, locationOfNew, type SnapshotLocation } from './snapshot-location.ts';
import { isRolledOut, replicasWhenRunning, workloadsOf } from './workloads.ts';

/** Where the parts of a request are kept (`RequestKey`, `OptionsKey` of vcluster). */
const REQUEST_KEY = 'snapshotRequest';
const OPTIONS_KEY = 'snapshotOptions';

/** Asks the control plane for a snapshot, as `vcluster snapshot create` does: a Secret, then a ConfigMap of the same name. */
export async function requestSnapshot(tools: Tools, step: Step): Promise<Begun> {
  const { target, change } = step;
  if (change.verb !== 'snapshot') throw new Error(`A step that is a ${change.verb} was handed to snapshot.`);
  const { snapshot } = change;
  const location = locationOfNew(target, snapshot.id, tools.settings);
  const request = requestNameOf(target, snapshot);
  const metadata = metadataOf(step, request);
  const existing = await tools.kubernetes.get({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    ...named(target, request),
  });
  if (existing === undefined) {
    await refuseNotRunning(tools, step);
    await createOnce(tools.kubernetes, optionsSecret(metadata, location));
    await createOnce(tools.kubernetes, requestConfigMap(metadata, location));
  }
  return { awaiting: snapshotTaken(request, location.url) };
}

/** Throws why no snapshot can be taken now. A control plane that does not run never answers a request (vcluster#4080). */
export async function refuseSnapshot(
  tools: Tools,
  step: Step,
  snapshot: SnapshotName,
): Promise<SnapshotLocation> {
  const location = locationOfNew(step.target, snapshot.id, tools.settings);
  await refuseNotRunning(tools, step);
  return location;
}

/** Takes a request back. */
export async function withdrawSnapshot(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  snapshot: SnapshotName,
): Promise<void> {
  const request = named(target, requestNameOf(target, snapshot));
  await removeRequest(kubernetes, { apiVersion: 'v1', kind: 'ConfigMap', ...request });
  await removeRequest(kubernetes, { apiVersion: 'v1', kind: 'Secret', ...request });
}

/** Removes one object of a request, also when the controller that should let it go is gone. */
export async function removeRequest(
  kubernetes: KubernetesClient,
  reference: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  },
): Promise<void> {
  await kubernetes.delete(reference);
  const left = await kubernetes.get(reference);
  if (left === undefined || left.metadata['finalizers'] === undefined) return;
  try {
    await kubernetes.patch(reference, { metadata: { finalizers: null } });
  } catch (error) {
    // The controller was quicker.
    if (!(error instanceof KubernetesError && error.kind === 'not_found')) throw error;
  }
}

/** How far a request has come, in the phases of vcluster. */
export async function observeSnapshot(
  kubernetes: KubernetesClient,
  target: RuntimeTarget,
  { request, url }: { readonly request: string; readonly url: string },
): Promise<Observation> {
  const found = await kubernetes.get({ apiVersion: 'v1', kind: 'ConfigMap', ...named(target, request) });
  if (found === undefined)
    return {
      status: 'failed',
      message: `the request ${request} is gone: somebody deleted it before it ended`,
    };
  return judgeRequest(found, url);
}

/** The judgement on a request as it stands. */
export function judgeRequest(configMap: KubernetesObject, url: string): Observation {
  const status = statusOf(configMap);
  const phase = textOf(status['phase']);
  const said = textOf(fieldsOf(status['error'])['message']);
  switch (phase) {
    case '':
      return { status: 'progressing', message: 'the control plane has not taken the request up yet' };
    case 'Completed':
      // Only then has the control plane thrown away the Secret with the options of the storage.
      if (configMap.metadata['finalizers'] !== undefined)
        return { status: 'progressing', message: 'the snapshot lies there; its request is cleared away' };
      return {
        status: 'reached',
        message: `the snapshot lies at ${url}`,
        result: { snapshot: { ref: { url }, contents: CONTENTS } },
      };
    case 'Failed':
    case 'PartiallyFailed':
    case 'Canceled':
    case 'Deleted':
      return { status: 'failed', message: `the snapshot is ${phase}${said === '' ? '' : `: ${said}`}` };
    default:
      return { status: 'progressing', message: phase };
  }
}

const CONTENTS = [
  'every object of the virtual cluster (its etcd or embedded database)',
  'not: data in the volumes of its workloads',
  'not: memory of its pods, container images',
];

function statusOf(configMap: KubernetesObject): Readonly<Record<string, unknown>> {
  const text = textOf(fieldsOf(configMap['data'])[REQUEST_KEY]);
  try {
    return fieldsOf(fieldsOf(JSON.parse(text))['status']);
  } catch (error) {
    return { phase: 'Failed', error: { message: `the request is no JSON any more: ${String(error)}` } };
  }
}

async function refuseNotRunning({ kubernetes, settings }: Tools, step: Step): Promise<void> {
  const { target } = step;
  const { controlPlane, etcd } = await workloadsOf(kubernetes, target);
  const annotations = controlPlane.metadata.annotations ?? {};
  const paused = annotations[PAUSED] === 'true' || annotations[RESTORING] === 'true';
  if (paused || !isRolledOut(controlPlane, replicasWhenRunning(controlPlane)))
    throw new AdapterFailure(
      'wrong_state',
      `${placeOf(target)} does not run, and only its own control plane can take a snapshot of it.`,
      {
        nextStep: 'Start it, wait until it runs, and try again.',
      },
    );
  if (etcd !== undefined && isWithinContainer(settings))
    throw new AdapterFailure(
      'snapshot_failed',
      `A snapshot of ${placeOf(target)} inside its container would be lost with the pod: with an etcd of its own the control plane has no volume.`,
      {
        nextStep: 'Set RUNTIMEAI_VCLUSTER_SNAPSHOT_URL to a storage outside (s3, oci, https).',
      },
    );
}

function requestNameOf({ release }: RuntimeTarget, { id }: SnapshotName): string {
  return `${release}-snapshot-request-${asNamePart(id)}`;
}

function named({ namespace }: RuntimeTarget, name: string) {
  return { namespace, name };
}

function metadataOf(step: Step, name: string): KubernetesObject['metadata'] {
  const { target } = step;
  return {
    name,
    namespace: target.namespace,
    labels: {
      ...ownerLabels(target),
      [VCLUSTER_NAMESPACE]: target.namespace,
      [VCLUSTER_NAME]: target.release,
      [SNAPSHOT_REQUEST]: '',
    },
    annotations: { [OPERATION_ANNOTATION]: markOf(step) },
  };
}

function optionsSecret(
  metadata: KubernetesObject['metadata'],
  { options }: SnapshotLocation,
): KubernetesObject {
  const text = JSON.stringify(options);
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { [OPTIONS_KEY]: text } };
}

function requestConfigMap(
  metadata: KubernetesObject['metadata'],
  { url }: SnapshotLocation,
): KubernetesObject {
  const request = {
    metadata: { name: metadata.name, creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z` },
    spec: { url },
    status: { error: {} },
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [REQUEST_KEY]: JSON.stringify(request) } };
}

async function createOnce(kubernetes: KubernetesClient, object: KubernetesObject): Promise<void> {
  try {
    await kubernetes.create(object);
  } catch (error) {
    // An earlier attempt has made it.
    if (!(error instanceof KubernetesError && error.reason === 'AlreadyExists')) throw error;
  }
}
