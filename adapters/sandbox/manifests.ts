import type { KubernetesObject, ObjectReference } from '../../clients/kubernetes/objects.ts';
import type { Desired, Step } from '../../domain/change.ts';
import { policySpec } from '../../domain/rules/network-rules.ts';
import { placementOf } from '../../domain/rules/placement.ts';
import { labelsOf, metadataOf } from '../ownership.ts';
import { ownReference, POWER_ANNOTATION, policyReference, VOLUME } from './kinds.ts';
import { podSpec, sandboxWish } from './pod-spec.ts';
import type { SandboxSettings } from './settings.ts';

/** Whether it is claimed from a pool of its own; otherwise it is a Sandbox by itself. */
export function isPooled({ spec }: Desired): boolean {
  return (spec.sandbox?.warm_pool ?? 0) > 0;
}

/** Everything we apply for a sandbox, in the order it must be there; of a pooled one the controller makes the Sandbox. */
export function manifests(step: Step, settings: SandboxSettings): readonly KubernetesObject[] {
  const { target } = step;
  const { networking } = step.desired.spec;
  const { restrictedEgress } = settings;
  const policy = object(step, policyReference(target), {
    spec: policySpec({ target, networking, restrictedEgress }),
  });
  if (!isPooled(step.desired)) return [policy, sandbox(step, settings)];
  return [policy, template(step, settings), warmPool(step), claim(step)];
}

function sandbox(step: Step, settings: SandboxSettings): KubernetesObject {
  return object(step, ownReference(step.target, 'sandbox'), {
    spec: { operatingMode: operatingMode(step.desired), ...blueprint(step, settings) },
  });
}

/** What a Sandbox and a template share. */
export function blueprint({ target, desired }: Step, settings: SandboxSettings) {
  const { spec } = desired;
  const placement = placementOf(sandboxWish(spec), settings);
  const labels = labelsOf(target, placement.podLabels);
  const storage = spec.sandbox?.storage;
  return {
    podTemplate: { metadata: { labels }, spec: podSpec(spec, placement, settings) },
    // A name inside the cluster where others are to reach it.
    service: spec.networking?.exposure === 'internal',
    ...(storage ? { volumeClaimTemplates: [volumeClaim(storage, target, settings)] } : {}),
  };
}

/** The operating mode that stands for a power. */
export function operatingMode({ power }: Desired): 'Running' | 'Suspended' {
  return power === 'running' ? 'Running' : 'Suspended';
}

/** An object of this step, with the labels of its runtime and the mark of its step. */
export function object(
  step: Step,
  { apiVersion, kind, name }: ObjectReference,
  fields: Readonly<Record<string, unknown>> & { readonly annotations?: Readonly<Record<string, string>> },
): KubernetesObject {
  const { annotations, ...rest } = fields;
  const metadata = metadataOf(step);
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, name, annotations: { ...metadata.annotations, ...annotations } },
    ...rest,
  };
}

function template(step: Step, settings: SandboxSettings): KubernetesObject {
  return object(step, ownReference(step.target, 'template'), {
    // The network policy is ours, the same with and without a pool.
    spec: {
      ...blueprint(step, settings),
      networkPolicyManagement: 'Unmanaged',
      envVarsInjectionPolicy: 'Disallowed',
    },
  });
}

function warmPool(step: Step): KubernetesObject {
  const { target, desired } = step;
  return object(step, ownReference(target, 'warmPool'), {
    spec: {
      replicas: desired.spec.sandbox?.warm_pool,
      sandboxTemplateRef: { name: target.release },
      updateStrategy: { type: 'Recreate' },
    },
  });
}

function claim(step: Step): KubernetesObject {
  const { target, desired } = step;
  return object(step, ownReference(target, 'claim'), {
    annotations: { [POWER_ANNOTATION]: desired.power },
    spec: { warmPoolRef: { name: target.release }, lifecycle: { shutdownPolicy: 'Retain' } },
  });
}

function volumeClaim(storage: string, target: Step['target'], { storageClass }: SandboxSettings) {
  return {
    metadata: { name: VOLUME, labels: labelsOf(target) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    },
  };
}
