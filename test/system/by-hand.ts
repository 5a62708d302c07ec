import { join } from 'node:path';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { runToSuccess } from '../../lab/command.ts';
import { repositoryRoot } from '../../lab/root.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';
import type { ReleaseKey } from './releases.ts';
import { sharedKubeconfig } from './system.ts';

/** Does what somebody with a shell does to a release behind RuntimeAI’s back. */
export async function handMadeUpgrade({ namespace, release }: ReleaseKey, change: string): Promise<void> {
  const chart = join(repositoryRoot(), 'helm/agent-runtime');
  await runToSuccess({
    command: process.env['RUNTIMEAI_TEST_HELM'] ?? 'helm',
    args: ['upgrade', release, chart, '-n', namespace, '--reuse-values', '--set', change],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: sharedKubeconfig() },
  });
}

/** A pod that is allowed in a restricted namespace and takes its share of the quota. */
export function agentPod(pod: { namespace: string; name: string; cpu: string }): KubernetesObject {
  const { namespace, name, cpu } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    spec: {
      ...simulatedScheduling,
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'agent',
          image: 'runtimeai.dev/sample-agent:1.0.0',
          resources: { requests: { cpu, memory: '32Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
