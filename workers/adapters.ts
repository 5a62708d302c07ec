import { type BuiltInSettings, createBuiltInAdapters } from '../adapters/all.ts';
import { loadAdapters } from '../adapters/load.ts';
import { type AdapterRegistry, createAdapterRegistry } from '../adapters/registry.ts';
import { SANDBOX_DEFAULTS } from '../adapters/sandbox/settings.ts';
import { type AdapterTools, createAdapterTools } from '../adapters/tools.ts';
import type { ComplianceRules } from '../domain/compliance.ts';
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

function builtInSettings(settings: Settings): BuiltInSettings {
  const { RUNTIMEAI_COMPLIANCE: rules = {} } = settings;
  const compliance = placesOf(rules);
  return {
    agentRuntime: {
      chart: settings.RUNTIMEAI_CHART,
      governance: governanceOf(settings),
      registry: settings.RUNTIMEAI_AGENT_REGISTRY,
      scheduling: settings.RUNTIMEAI_AGENT_SCHEDULING,
      strongRuntimeClass: settings.RUNTIMEAI_STRONG_RUNTIME_CLASS,
      compliance: rules,
    },
    sandbox: {
      ...SANDBOX_DEFAULTS,
      image: settings.RUNTIMEAI_SANDBOX_IMAGE,
      strongRuntimeClass: settings.RUNTIMEAI_STRONG_RUNTIME_CLASS,
      scheduling: settings.RUNTIMEAI_AGENT_SCHEDULING,
      compliance,
      storageClass: settings.RUNTIMEAI_SANDBOX_STORAGE_CLASS,
      snapshotClass: settings.RUNTIMEAI_SANDBOX_SNAPSHOT_CLASS,
      network: settings.RUNTIMEAI_SANDBOX_NETWORK ?? SANDBOX_DEFAULTS.network,
    },
    vcluster: {
      chart: settings.RUNTIMEAI_VCLUSTER_CHART,
      image: settings.RUNTIMEAI_VCLUSTER_IMAGE,
      registry: settings.RUNTIMEAI_VCLUSTER_REGISTRY,
      storageClass: settings.RUNTIMEAI_VCLUSTER_STORAGE_CLASS,
      scheduling: settings.RUNTIMEAI_VCLUSTER_SCHEDULING,
      strongRuntimeClass: settings.RUNTIMEAI_STRONG_RUNTIME_CLASS,
      compliance,
      snapshotUrl: settings.RUNTIMEAI_VCLUSTER_SNAPSHOT_URL,
    },
    vm: vmSettings(settings),
  };
}

function vmSettings(settings: Settings): BuiltInSettings['vm'] {
  const { RUNTIMEAI_COMPLIANCE: compliance = {} } = settings;
  const image = settings.RUNTIMEAI_VM_IMAGE;
  const storageClass = settings.RUNTIMEAI_VM_STORAGE_CLASS;
  return {
    ...(image !== undefined && { image }),
    ...(storageClass !== undefined && { storageClass }),
    gpuDevices: settings.RUNTIMEAI_VM_GPU_DEVICES ?? {},
    compliance,
  };
}

/** Of a compliance rule where it lets something run; the labels it asks for are those of agents' pods. */
function placesOf(rules: ComplianceRules) {
  return Object.fromEntries(
    Object.entries(rules).map(([word, { nodeSelector, tolerations }]) => [
      word,
      { nodeSelector, tolerations },
    ]),
  );
}
