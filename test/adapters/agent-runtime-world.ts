import { createReleases } from '../../activities/release/releases.ts';
import type { RuntimeAdapter } from '../../adapters/adapter.ts';
import {
  type AgentRuntimeSettings,
  createAgentRuntimeAdapter,
} from '../../adapters/agent-runtime/adapter.ts';
import type { Releases } from '../../adapters/releases.ts';
import { createReleaseStorage } from '../../clients/helm/storage.ts';
import { diffObjects } from '../../clients/kubernetes/diff.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { AgentConfig } from '../../domain/agent-config.ts';
import { AGENT_CHART, GOVERNANCE, testHelm } from '../helm/world.ts';
import { silent } from './fake-tools.ts';

/** The releases of the test cluster, with real Helm. */
export function releasesOf(kubernetes: KubernetesClient, helm = testHelm()): Releases {
  return createReleases({
    helm,
    storage: createReleaseStorage(kubernetes),
    diff: input => diffObjects(kubernetes, input),
    log: silent,
  });
}

/** The adapter over the test cluster; its pods go to the simulated nodes, which are quick. */
export function agentRuntimeAdapter(
  kubernetes: KubernetesClient,
  changes: Partial<AgentRuntimeSettings> & { readonly releases?: Releases } = {},
): RuntimeAdapter {
  const { releases = releasesOf(kubernetes), ...settings } = changes;
  return createAgentRuntimeAdapter({
    releases,
    kubernetes,
    chart: AGENT_CHART,
    governance: GOVERNANCE,
    scheduling: {
      nodeSelector: { 'runtimeai.dev/node-kind': 'simulated' },
      tolerations: [{ key: 'runtimeai.dev/simulated', operator: 'Exists' }],
    },
    ...settings,
  });
}

/** An agent of two pods, unless told otherwise. */
export function agent(changes: Partial<AgentConfig> = {}): AgentConfig {
  return {
    framework: { name: 'custom' },
    image: 'runtimeai.dev/sample-agent:1.0.0',
    resources: { cpu: '100m', memory: '128Mi' },
    replicas: 2,
    env: [],
    egress: 'restricted',
    exposure: 'private',
    ...changes,
  };
}
