import type { KubernetesObject, ObjectReference } from '../../clients/kubernetes/objects.ts';
import type { Desired, Step } from '../../domain/change.ts';
import {
  OPERATION_ANNOTATION,
  PROJECT_LABEL,
  RUNTIME_LABEL,
  TENANT_LABEL,
} from '../../domain/rules/labels.ts';
import { ownReference, POWER_ANNOTATION, policyReference, VOLUME } from './kinds.ts';
import { networkRules } from './network.ts';
import { podSpec } from './pod-spec.ts';
import type { SandboxSettings } from './settings.ts';

/** Whether it is claimed from a pool of its own; otherwise it is a Sandbox by itself. */
export function isPooled({ spec }: Desired): boolean {
  return (spec.sandbox?.warm_pool ?? 0) > 0;
}

/** Everything we apply for a sandbox, in the order it must be there; of a pooled one the controller makes the Sandbox. */
export function manifests(step: Step, settings: SandboxSettings): readonly KubernetesObject[] {
  const policy = object(step, policyReference(step.target), { spec: networkRules(step, settings.network) });
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
  const labels = ownerLabels(target);
  const storage = spec.sandbox?.storage;
  return {
    podTemplate: { metadata: { labels }, spec: podSpec(spec, settings) },
    // A name inside the cluster where others are to reach it.
    service: spec.networking?.exposure === 'internal',
    ...(storage ? { volumeClaimTemplates: [volumeClaim(storage, labels, settings)] } : {}),
  };
}

/** The operating mode that stands for a power. */
export function operatingMode({ power }: Desired): 'Running' | 'Suspended' {
  return power === 'running' ? 'Running' : 'Suspended';
}

/** Labels of all that belongs to the runtime. */
export function ownerLabels(target: Step['target']): Readonly<Record<string, string>> {
  return {
    [RUNTIME_LABEL]: target.runtimeId,
    [TENANT_LABEL]: target.tenantId,
    [PROJECT_LABEL]: target.project,
    'app.kubernetes.io/managed-by': 'runtimeai',
  };
}

/** An object of this step, with the labels of its runtime and the mark of its operation. */
export function object(
  { target, operationId }: Step,
  { apiVersion, kind, namespace, name }: ObjectReference,
  fields: Readonly<Record<string, unknown>> & { readonly annotations?: Readonly<Record<string, string>> },
): KubernetesObject {
  const { annotations, ...rest } = fields;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...target.labels, ...ownerLabels(target) },
      annotations: { [OPERATION_ANNOTATION]: operationId, ...annotations },
    },
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

function volumeClaim(
  storage: string,
  labels: Readonly<Record<string, string>>,
  { storageClass }: SandboxSettings,
) {
  return {
    metadata: { name: VOLUME, labels },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
    },
  };
}
