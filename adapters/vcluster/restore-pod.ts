import { fieldsOf, type KubernetesObject, listOf } from '../../clients/kubernetes/objects.ts';
import type { Step } from '../../domain/change.ts';
import { OPERATION_ANNOTATION } from '../../domain/rules/labels.ts';
import { asNamePart, markOf } from '../../domain/rules/marks.ts';
import { ownerLabels } from '../ownership.ts';
import { SNAPSHOT_POD_APP } from './names.ts';
import type { SnapshotLocation } from './snapshot-location.ts';

/** The variable `vcluster restore` reads its options from, as base64 of JSON. */
const STORAGE_OPTIONS = 'VCLUSTER_STORAGE_OPTIONS';

type Fields = Readonly<Record<string, unknown>>;

/** Name of the pod that restores for this step. */
export function restorePodNameOf(step: Step): string {
  return `${step.target.release}-restore-${asNamePart(markOf(step))}`;
}

interface Origin {
  readonly controlPlane: KubernetesObject;
  readonly location: SnapshotLocation;
  /** Those that compliance asks for. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The pod that restores, from the control plane's own template (pkg/snapshot/pod/pod.go of v0.36.1). */
export function restorePod(step: Step, { controlPlane, location, labels }: Origin): KubernetesObject {
  const { target } = step;
  const template = fieldsOf(fieldsOf(fieldsOf(controlPlane['spec'])['template'])['spec']);
  const syncer = listOf(template['containers']).find(container => container['name'] === 'syncer') ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: restorePodNameOf(step),
      namespace: target.namespace,
      labels: { ...labels, ...ownerLabels(target), app: SNAPSHOT_POD_APP },
      annotations: { [OPERATION_ANNOTATION]: markOf(step) },
    },
    spec: {
      ...only(template, KEPT_OF_POD),
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      volumes: volumesOf(template, syncer, `data-${target.release}-0`),
      containers: [
        {
          ...only(syncer, KEPT_OF_CONTAINER),
          name: 'snapshot',
          command: ['/vcluster', 'restore'],
          env: environmentOf(syncer, { podName: `${target.release}-0`, location }),
        },
      ],
    },
  };
}

const KEPT_OF_POD = [
  'serviceAccountName',
  'nodeSelector',
  'affinity',
  'tolerations',
  'securityContext',
  'imagePullSecrets',
  'initContainers',
  'runtimeClassName',
];
/** Beyond what vcluster itself copies: resources, because the namespace's quota asks for them. */
const KEPT_OF_CONTAINER = [
  'image',
  'imagePullPolicy',
  'securityContext',
  'envFrom',
  'volumeMounts',
  'resources',
];

function only(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

/** A StatefulSet adds the claimed volume to its pods by itself; here it must be named. */
function volumesOf(template: Fields, syncer: Fields, claimName: string): readonly Fields[] {
  const volumes = listOf(template['volumes']);
  const mounts = listOf(syncer['volumeMounts']).some(mount => mount['name'] === 'data');
  if (!mounts || volumes.some(volume => volume['name'] === 'data')) return volumes;
  return [...volumes, { name: 'data', persistentVolumeClaim: { claimName } }];
}

function environmentOf(
  syncer: Fields,
  { podName, location }: { podName: string; location: SnapshotLocation },
): readonly Fields[] {
  const kept = listOf(syncer['env']).filter(variable => variable['name'] !== 'POD_NAME');
  const options = Buffer.from(JSON.stringify(location.options)).toString('base64');
  return [...kept, { name: STORAGE_OPTIONS, value: options }, { name: 'POD_NAME', value: podName }];
}
