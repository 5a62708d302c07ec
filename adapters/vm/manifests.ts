import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import type { Desired, RuntimeTarget, Step } from '../../domain/change.ts';
import { policySpec } from '../../domain/rules/network-rules.ts';
import { complianceOf, gpuOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { labelsOf, metadataOf } from '../ownership.ts';
import { KINDS, rootDiskName } from './kinds.ts';
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
  const labels = labelsOf(target, rulesOf(desired.spec, settings).labels);
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

function gpusOf({ resources }: RuntimeSpec, { gpuDevices }: VmSettings) {
  const gpu = gpuOf(resources?.gpu);
  if (gpu === null) return [];
  const deviceName = gpuDevices[gpu.model] ?? '';
  return Array.from({ length: gpu.count }, (_, index) => ({ name: `gpu${index + 1}`, deviceName }));
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

function rulesOf({ security }: RuntimeSpec, settings: VmSettings) {
  return complianceOf({ compliance: security?.compliance }, settings);
}

function networkPolicy(step: Step, { restrictedEgress }: VmSettings): KubernetesObject {
  const { target } = step;
  const { networking } = step.desired.spec;
  return {
    ...KINDS.networkPolicy,
    metadata: { ...metadataOf(step), name: target.release },
    // It is around the pod of the machine, and by masquerade around the guest.
    spec: policySpec({ target, networking, restrictedEgress }),
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);
}
