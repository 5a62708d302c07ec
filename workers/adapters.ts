import type { HealthView } from '../adapters/adapter.ts';
import { type BuiltInSettings, createBuiltInAdapters } from '../adapters/all.ts';
import { loadAdapters } from '../adapters/load.ts';
import { type AdapterRegistry, createAdapterRegistry } from '../adapters/registry.ts';
import type { Releases } from '../adapters/releases.ts';
import { SANDBOX_DEFAULTS } from '../adapters/sandbox/settings.ts';
import { type AdapterTools, createAdapterTools } from '../adapters/tools.ts';
import { VM_DEFAULTS } from '../adapters/vm/settings.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { PlacementSettings } from '../domain/rules/placement.ts';
import { governanceOf, type Settings } from '../process/config.ts';

/** Every adapter this process knows: the built-in ones first, then those from outside. */
export async function openAdapters(
  parts: Pick<AdapterTools, 'kubernetes' | 'releases' | 'log'>,
  settings: Settings,
): Promise<AdapterRegistry> {
  const fromOutside = await loadAdapters({
    modules: settings.RUNTIMEAI_ADAPTERS,
    tools: createAdapterTools(parts),
    settings: settings.RUNTIMEAI_ADAPTER_SETTINGS ?? {},
  });
  const builtIn = createBuiltInAdapters(parts, builtInSettings(settings));
  return createAdapterRegistry([...builtIn, ...fromOutside]);
}

/** How every adapter judges its runtimes, by its name, for a process that changes nothing: what they are given refuses to. */
export async function openHealthViews(
  { kubernetes, log }: Pick<AdapterTools, 'kubernetes' | 'log'>,
  settings: Settings,
): Promise<ReadonlyMap<string, HealthView>> {
  const adapters = await openAdapters(
    { kubernetes: onlyReading(kubernetes), releases: NO_RELEASES, log },
    settings,
  );
  return new Map(adapters.all.map(({ name, health }) => [name, health]));
}

function onlyReading(kubernetes: KubernetesClient): KubernetesClient {
  return { ...kubernetes, create: refuse, apply: refuse, patch: refuse, delete: refuse };
}

const NO_RELEASES: Releases = {
  plan: refuse,
  install: refuse,
  rollback: refuse,
  uninstall: refuse,
  read: refuse,
};

async function refuse(): Promise<never> {
  throw new Error('The observer changes nothing: an adapter is there only to judge.');
}

function builtInSettings(settings: Settings): BuiltInSettings {
  return {
    agentRuntime: {
      ...placementSettings(settings),
      scheduling: settings.RUNTIMEAI_AGENT_SCHEDULING,
      chart: settings.RUNTIMEAI_CHART,
      governance: governanceOf(settings),
      registry: settings.RUNTIMEAI_AGENT_REGISTRY,
    },
    sandbox: {
      ...SANDBOX_DEFAULTS,
      ...placementSettings(settings),
      scheduling: settings.RUNTIMEAI_AGENT_SCHEDULING,
      image: settings.RUNTIMEAI_SANDBOX_IMAGE,
      storageClass: settings.RUNTIMEAI_SANDBOX_STORAGE_CLASS,
      snapshotClass: settings.RUNTIMEAI_SANDBOX_SNAPSHOT_CLASS,
    },
    vcluster: {
      ...placementSettings(settings),
      scheduling: settings.RUNTIMEAI_VCLUSTER_SCHEDULING,
      chart: settings.RUNTIMEAI_VCLUSTER_CHART,
      image: settings.RUNTIMEAI_VCLUSTER_IMAGE,
      registry: settings.RUNTIMEAI_VCLUSTER_REGISTRY,
      storageClass: settings.RUNTIMEAI_VCLUSTER_STORAGE_CLASS,
      snapshotUrl: settings.RUNTIMEAI_VCLUSTER_SNAPSHOT_URL,
    },
    vm: {
      ...VM_DEFAULTS,
      ...placementSettings(settings),
      image: settings.RUNTIMEAI_VM_IMAGE,
      storageClass: settings.RUNTIMEAI_VM_STORAGE_CLASS,
      gpuDevices: settings.RUNTIMEAI_VM_GPU_DEVICES ?? {},
    },
  };
}

/** What holds for every kind alike, and for deploys. */
export function placementSettings(settings: Settings): PlacementSettings {
  return {
    strongRuntimeClass: settings.RUNTIMEAI_STRONG_RUNTIME_CLASS,
    compliance: settings.RUNTIMEAI_COMPLIANCE,
    restrictedEgress: settings.RUNTIMEAI_RESTRICTED_EGRESS,
  };
}
