import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { Desired, RuntimeTarget, Step } from '../../domain/change.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { KINDS, rootDiskName } from './kinds.ts';
import { labelsOf, metadataOf } from './metadata.ts';
import { networkPolicy } from './network.ts';
import type { VmSettings } from './settings.ts';

/** On template and instance: what the instance was started from. Another mark on the template means: restart it. */
export const REVISION_ANNOTATION = 'runtimeai.dev/vm-revision';

/** The objects of one machine as they shall be. */
export interface MachineObjects {
  readonly machine: KubernetesObject;
  readonly instancetype: KubernetesObject;
  readonly networkPolicy: KubernetesObject;
  readonly revision: string;
}

/** Makes the objects of a step's desired state; what cannot be honoured was refused before. */
export function machineObjects(step: Step, settings: VmSettings, power = step.desired.power): MachineObjects {
  const { target, desired } = step;
  const sizing = instancetypeSpec(desired.spec, settings);
  const template = templateSpec(target, desired, settings);
  const instancetype = {
    ...KINDS.instancetype,
    // KubeVirt keeps what it read under a name, so other contents need another name.
    metadata: { ...metadataOf(step), name: `${target.release}-${digest(sizing)}` },
    spec: sizing,
  };
  const labels = { ...rulesOf(desired.spec, settings).labels, ...labelsOf(target) };
  const revision = digest({ sizing, template, labels });
  const machine = {
    ...KINDS.machine,
    metadata: { ...metadataOf(step), name: target.release },
    spec: {
      runStrategy: power === 'running' ? 'Always' : 'Halted',
      instancetype: { kind: KINDS.instancetype.kind, name: instancetype.metadata.name },
      template: {
        metadata: { labels, annotations: { [REVISION_ANNOTATION]: revision } },
        spec: template,
      },
      ...dataVolumeTemplates(target, desired.spec, settings),
    },
  };
  return { machine, instancetype, revision, networkPolicy: networkPolicy(step, settings) };
}

/** The image of the root disk. */
export function imageOf(spec: RuntimeSpec, settings: VmSettings): string | undefined {
  return spec.vm?.image ?? settings.image;
}

function instancetypeSpec(spec: RuntimeSpec, settings: VmSettings) {
  const { cpu, memoryMiB } = resourcesOf('vm', spec);
  const gpus = gpusOf(spec, settings);
  return {
    cpu: { guest: cpu },
    memory: { guest: `${memoryMiB}Mi` },
    ...(gpus.length === 0 ? {} : { gpus }),
  };
}

function gpusOf(spec: RuntimeSpec, settings: VmSettings) {
  const wish = spec.resources?.gpu;
  if (!wish) return [];
  const { count, model } = parseGpu(wish);
  const deviceName = settings.gpuDevices[model] ?? '';
  return Array.from({ length: count }, (_, index) => ({ name: `gpu${index + 1}`, deviceName }));
}

/** `2xA10` as number and model. */
export function parseGpu(wish: string): { readonly count: number; readonly model: string } {
  const cut = wish.indexOf('x');
  return { count: Number(wish.slice(0, cut)), model: wish.slice(cut + 1) };
}

function templateSpec(target: RuntimeTarget, { spec }: Desired, settings: VmSettings) {
  const secret = spec.vm?.cloud_init_secret;
  const { nodeSelector, tolerations } = rulesOf(spec, settings);
  const disk = (name: string) => ({ name, disk: { bus: 'virtio' } });
  return {
    domain: {
      devices: {
        disks: [disk('root'), ...(secret ? [disk('cloud-init')] : [])],
        // Masquerade: the guest has the pod's policies, and may move to another node.
        interfaces: [{ name: 'default', masquerade: {} }],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    terminationGracePeriodSeconds: settings.shutdownSeconds,
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    volumes: [
      rootVolume(target, spec, settings),
      ...(secret ? [{ name: 'cloud-init', cloudInitNoCloud: { secretRef: { name: secret } } }] : []),
    ],
  };
}

function rootVolume(target: RuntimeTarget, spec: RuntimeSpec, settings: VmSettings) {
  if (spec.vm?.disk) return { name: 'root', dataVolume: { name: rootDiskName(target) } };
  return { name: 'root', containerDisk: { image: imageOf(spec, settings) ?? '' } };
}

/** A root disk that lasts is imported from the image once, by KubeVirt's data importer. */
function dataVolumeTemplates(target: RuntimeTarget, spec: RuntimeSpec, settings: VmSettings) {
  const size = spec.vm?.disk;
  if (!size) return {};
  const storage = {
    resources: { requests: { storage: size } },
    ...(settings.storageClass === undefined ? {} : { storageClassName: settings.storageClass }),
  };
  const source = { registry: { url: `docker://${imageOf(spec, settings)}` } };
  const metadata = { name: rootDiskName(target), labels: labelsOf(target) };
  return { dataVolumeTemplates: [{ metadata, spec: { source, storage } }] };
}

/** What the words of compliance ask, in an order that does not depend on how they were written. */
function rulesOf(spec: RuntimeSpec, { compliance }: VmSettings) {
  const words = [...(spec.security?.compliance ?? [])].sort();
  const rules = words.map(word => compliance[word] ?? {});
  return {
    nodeSelector: Object.assign({}, ...rules.map(rule => rule.nodeSelector)) as Record<string, string>,
    tolerations: rules.flatMap(rule => rule.tolerations ?? []),
    labels: Object.assign({}, ...rules.map(rule => rule.labels)) as Record<string, string>,
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);
}
