import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { RuntimeAdapter } from './adapter.ts';
import { type AgentRuntimeSettings, createAgentRuntimeAdapter } from './agent-runtime/adapter.ts';
import type { Releases } from './releases.ts';
import { createSandboxAdapter } from './sandbox/adapter.ts';
import type { SandboxSettings } from './sandbox/settings.ts';
import { createVClusterAdapter } from './vcluster/adapter.ts';
import type { VClusterSettings } from './vcluster/settings.ts';
import { createVmAdapter } from './vm/adapter.ts';
import type { VmSettings } from './vm/settings.ts';

export interface BuiltInTools {
  readonly kubernetes: KubernetesClient;
  readonly releases: Releases;
}

/** What the installation decides, for each built-in kind. */
export interface BuiltInSettings {
  readonly agentRuntime: AgentRuntimeSettings;
  readonly sandbox: SandboxSettings;
  readonly vcluster: VClusterSettings;
  readonly vm: VmSettings;
}

/** The adapters that come with RuntimeAI, one for each type. */
export function createBuiltInAdapters(
  { kubernetes, releases }: BuiltInTools,
  settings: BuiltInSettings,
): readonly RuntimeAdapter[] {
  return [
    createAgentRuntimeAdapter({ kubernetes, releases, ...settings.agentRuntime }),
    createSandboxAdapter({ kubernetes, settings: settings.sandbox }),
    createVClusterAdapter({ kubernetes, releases, settings: settings.vcluster }),
    createVmAdapter({ kubernetes, settings: settings.vm }),
  ];
}
