import { strongRuntimeClass } from './extras/strong-isolation.ts';
import { vclusterChart } from './extras/vcluster.ts';
import { sampleAgentImage } from './image.ts';
import { simulatedScheduling } from './simulated-nodes.ts';

/**
 * What RuntimeAI is told about the kinds of runtime on the lab's own cluster, by the name of the variable. All of it is
 * known before any kind is installed, so no process has to be started again when one becomes available.
 */
export function kindSettings({ cacheDir }: { cacheDir: string }): Readonly<Record<string, string>> {
  return {
    RUNTIMEAI_DEFAULT_AGENT_IMAGE: sampleAgentImage,
    RUNTIMEAI_SANDBOX_IMAGE: sampleAgentImage,
    RUNTIMEAI_STRONG_RUNTIME_CLASS: strongRuntimeClass,
    RUNTIMEAI_VM_IMAGE: 'runtimeai.dev/sample-machine:1.0.0',
    RUNTIMEAI_VCLUSTER_CHART: vclusterChart(cacheDir),
    // Their images lie in a registry, so control planes are simulated also where there is a real node.
    RUNTIMEAI_VCLUSTER_SCHEDULING: JSON.stringify(simulatedScheduling),
    RUNTIMEAI_VCLUSTER_SNAPSHOT_URL: 's3://lab-snapshots/vclusters',
    RUNTIMEAI_COMPLIANCE: JSON.stringify(sampleCompliance),
  };
}

/** One word to try; the real node and some simulated ones are in that zone. */
const sampleCompliance = {
  pci: {
    nodeSelector: { 'topology.kubernetes.io/zone': 'lab-a' },
    tolerations: [],
    labels: { 'example.com/compliance': 'pci' },
  },
};
