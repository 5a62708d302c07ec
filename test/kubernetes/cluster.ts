import { randomBytes } from 'node:crypto';
import { connectKubernetes } from '../../clients/kubernetes/connection.ts';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes/requests.ts';

/** The cluster the global set-up of the tests has started. */
export async function testCluster(): Promise<KubernetesClient> {
  const kubeconfig = process.env['RUNTIMEAI_TEST_KUBECONFIG'];
  if (!kubeconfig)
    throw new Error('RUNTIMEAI_TEST_KUBECONFIG is not set: these tests need the API server of the lab.');
  return createKubernetesClient(await connectKubernetes({ kubeconfig }));
}

/** A namespace of its own for one test file. */
export async function testNamespace(client: KubernetesClient): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

export function removeNamespace(client: KubernetesClient, name: string): Promise<void> {
  return client.delete({ apiVersion: 'v1', kind: 'Namespace', name });
}

export function configMap(
  namespace: string,
  name: string,
  data: Record<string, string> = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { test: namespace } },
    data,
  };
}

/** A Deployment as the chart makes it, as far as the observer looks at it. */
export function agentDeployment(options: {
  readonly namespace: string;
  readonly runtimeId: string;
  readonly operationId: string;
  readonly image: string;
  readonly replicas?: number;
}): KubernetesObject {
  const { namespace, runtimeId, operationId, image, replicas = 2 } = options;
  const labels = { app: 'agent', 'runtimeai.dev/runtime': runtimeId, 'runtimeai.dev/tenant': 'acme' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'agent', namespace, labels, annotations: { 'runtimeai.dev/operation': operationId } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'agent' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 10001,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          tolerations: [{ key: 'runtimeai.dev/simulated', operator: 'Exists' }],
          nodeSelector: { 'runtimeai.dev/node-kind': 'simulated' },
          containers: [
            {
              name: 'agent',
              image,
              readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
