import { createSandboxAdapter } from '../../adapters/sandbox/adapter.ts';
import { ownReference, policyReference } from '../../adapters/sandbox/kinds.ts';
import { SANDBOX_DEFAULTS, type SandboxSettings } from '../../adapters/sandbox/settings.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { strongRuntimeClass } from '../../lab/extras/strong-isolation.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';
import type { Conformance } from './conformance.ts';

export const SAMPLE_IMAGE = 'runtimeai.dev/sample-agent:1.0.0';

/** A small sandbox of the sample image. */
export function sandboxSpec(
  sandbox: Partial<NonNullable<RuntimeSpec['sandbox']>> = {},
  more: Omit<RuntimeSpec, 'sandbox'> = {},
): RuntimeSpec {
  return { size: 'small', ...more, sandbox: { image: SAMPLE_IMAGE, env: [], warm_pool: 0, ...sandbox } };
}

/** Settings for the lab: strong is its RuntimeClass, pods go to the simulated nodes. */
export const LAB_SETTINGS: SandboxSettings = {
  ...SANDBOX_DEFAULTS,
  strongRuntimeClass,
  scheduling: {
    nodeSelector: simulatedScheduling.nodeSelector,
    tolerations: [{ key: 'runtimeai.dev/simulated', operator: 'Exists' }],
  },
};

/** Sandboxes of this spec, as the conformance suite takes them. */
export function sandboxSuite(spec: RuntimeSpec, settings: SandboxSettings = LAB_SETTINGS): Conformance {
  return {
    name: 'sandbox',
    capabilities: ['start', 'stop', 'restart', 'scale', 'snapshot', 'attach_observer', 'detach_observer'],
    make: kubernetes => createSandboxAdapter({ kubernetes, settings }),
    spec,
    scaled: { ...spec, size: 'large' },
    egress: {
      open: { ...spec, networking: { exposure: 'private', egress_policy: 'open' } },
      policy: policyReference,
    },
    vital: target => ownReference(target, 'sandbox'),
    misses: [/sandboxes\.agents\.x-k8s\.io/, /sandboxclaims\./, /sandboxtemplates\./, /sandboxwarmpools\./],
  };
}
