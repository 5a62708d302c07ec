import { describe, expect, it } from 'vitest';
import { agentContainer, EXAMPLES, example, has, only, rendered } from './chart.ts';
import { restrictedViolations } from './pod-security.ts';

describe.each(EXAMPLES)('example %s', name => {
  const answer = rendered(example(name));
  const deployment = only(answer, 'Deployment');

  it('labels every object and the pods with release, runtime, tenant, project and environment', () => {
    const { identity } = example(name);
    for (const { metadata } of [...answer.manifests, deployment.spec.template]) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'agent-runtime',
        'app.kubernetes.io/instance': 'support-agent',
        'app.kubernetes.io/managed-by': 'Helm',
        'runtimeai.dev/runtime': identity.runtimeId,
        'runtimeai.dev/tenant': identity.tenantId,
        'runtimeai.dev/project': identity.project,
        'runtimeai.dev/environment': identity.environment,
      });
    }
  });

  it('puts every object into the namespace of the release and names it like the release', () => {
    for (const { metadata } of answer.manifests) {
      expect(metadata).toMatchObject({ name: 'support-agent', namespace: 'acme--default' });
    }
  });

  it('changes one annotation of the Deployment and nothing else when only the operation differs', () => {
    const next = example(name);
    next.identity.operationId = 'op_01h455vb4pex5vsknk084sn02r';
    const lines = rendered(next).text.split('\n');
    const changed = lines.filter((line, index) => line !== answer.text.split('\n')[index]);
    expect(changed).toStrictEqual(['    runtimeai.dev/operation: "op_01h455vb4pex5vsknk084sn02r"']);
    expect(only(rendered(next), 'Deployment').metadata.annotations['runtimeai.dev/operation']).toBe(
      next.identity.operationId,
    );
  });

  it('makes pods that the Pod Security level "restricted" accepts', () => {
    expect(restrictedViolations(deployment.spec.template.spec)).toStrictEqual([]);
  });

  it('gives the pods no token, no service links and one writable folder of limited size', () => {
    const pod = deployment.spec.template.spec;
    expect(only(answer, 'ServiceAccount').automountServiceAccountToken).toBe(false);
    expect(pod).toMatchObject({
      serviceAccountName: 'support-agent',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '256Mi' } }],
    });
    expect(agentContainer(answer).securityContext.readOnlyRootFilesystem).toBe(true);
    expect(agentContainer(answer).volumeMounts).toStrictEqual([{ name: 'tmp', mountPath: '/tmp' }]);
  });

  it('wires the agent to the governance endpoints and tells it who it is', () => {
    const { governance, identity } = example(name);
    expect(agentContainer(answer).env).toEqual(
      expect.arrayContaining([
        { name: 'LLM_API_BASE_URL', value: governance.llmApiBaseUrl },
        { name: 'GUARDRAILS_API_URL', value: governance.guardrailsApiUrl },
        { name: 'SANDBOX_API_URL', value: governance.sandboxApiUrl },
        { name: 'DATA_ACCESS_API_URL', value: governance.dataAccessApiUrl },
        { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: governance.otelExporterOtlpEndpoint },
        { name: 'AGENT_ID', value: identity.runtimeId },
        { name: 'AGENT_NAME', value: identity.runtimeName },
        { name: 'TENANT_ID', value: identity.tenantId },
      ]),
    );
  });

  it('selects its own pods, and only by what never changes', () => {
    const selector = {
      'app.kubernetes.io/name': 'agent-runtime',
      'app.kubernetes.io/instance': 'support-agent',
    };
    expect(deployment.spec.selector.matchLabels).toStrictEqual(selector);
    expect(only(answer, 'Service').spec.selector).toStrictEqual(selector);
    expect(only(answer, 'NetworkPolicy').spec.podSelector.matchLabels).toStrictEqual(selector);
  });

  it('makes only namespaced objects of the kinds an agent consists of, and no secret or config map', () => {
    const allowed = [
      'Deployment',
      'Service',
      'ServiceAccount',
      'NetworkPolicy',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
    ];
    expect(
      answer.manifests.map(manifest => manifest.kind).filter(kind => !allowed.includes(kind)),
    ).toStrictEqual([]);
  });
});

describe('secrets', () => {
  it('are references to a key of a Secret and nothing else', () => {
    const secretEnv = [{ name: 'CRM_API_KEY', secretName: 'crm', secretKey: 'api-key' }];
    const variables = agentContainer(rendered({ ...example('minimal'), secretEnv })).env;
    expect(variables.find(variable => variable.name === 'CRM_API_KEY')).toStrictEqual({
      name: 'CRM_API_KEY',
      valueFrom: { secretKeyRef: { name: 'crm', key: 'api-key' } },
    });
  });
});

describe('the number of pods', () => {
  it('is the declared one without autoscaling', () => {
    const answer = rendered({ ...example('minimal'), replicas: 4 });
    expect(only(answer, 'Deployment').spec.replicas).toBe(4);
    expect(has(answer, 'HorizontalPodAutoscaler')).toBe(false);
  });

  it('is left to the autoscaler when there is one, with 70 % CPU and 80 % memory by default', () => {
    const answer = rendered({ ...example('minimal'), autoscaling: { minReplicas: 2, maxReplicas: 6 } });
    expect(only(answer, 'Deployment').spec).not.toHaveProperty('replicas');
    const { spec } = only(answer, 'HorizontalPodAutoscaler');
    expect(spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 6,
      scaleTargetRef: { kind: 'Deployment', name: 'support-agent' },
    });
    expect(
      spec.metrics.map(metric => [metric.resource.name, metric.resource.target.averageUtilization]),
    ).toStrictEqual([
      ['cpu', 70],
      ['memory', 80],
    ]);
    expect(spec.behavior.scaleDown.stabilizationWindowSeconds).toBeLessThanOrEqual(15);
  });

  it('is zero when the agent is stopped, and then no autoscaler fights it', () => {
    const answer = rendered(example('stopped'));
    expect(only(answer, 'Deployment').spec.replicas).toBe(0);
    expect(has(answer, 'HorizontalPodAutoscaler')).toBe(false);
  });
});

describe('the disruption budget', () => {
  it('lets one pod go at a time, and pods that are not ready always', () => {
    const { spec } = only(rendered({ ...example('minimal'), replicas: 3 }), 'PodDisruptionBudget');
    expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(spec).not.toHaveProperty('minAvailable');
  });

  it.each([0, 1])('is absent for %i pods, where it could only be in the way', replicas => {
    expect(has(rendered({ ...example('minimal'), replicas }), 'PodDisruptionBudget')).toBe(false);
  });

  it('is there for one pod that may become more', () => {
    const answer = rendered({ ...example('minimal'), autoscaling: { minReplicas: 1, maxReplicas: 2 } });
    expect(has(answer, 'PodDisruptionBudget')).toBe(true);
  });
});

describe('the network policy', () => {
  it('denies both directions unless a rule allows', () => {
    expect(network({}).policyTypes).toStrictEqual(['Ingress', 'Egress']);
  });

  it.each([
    ['private', [{ podSelector: {} }]],
    ['internal', [{ namespaceSelector: {} }]],
    ['public', undefined],
  ])('lets callers in on the agent’s port alone: %s', (exposure, from) => {
    const port = { port: 8080, protocol: 'TCP' };
    expect(network({ exposure }).ingress).toStrictEqual([
      from === undefined ? { ports: [port] } : { ports: [port], from },
    ]);
  });

  it('lets a restricted agent out to DNS and to the allowed namespaces and addresses only', () => {
    const { egress } = network({
      egressAllowedNamespaces: ['governance'],
      egressAllowedCidrs: ['203.0.113.0/24'],
    });
    expect(egress).toStrictEqual([
      {
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 53, protocol: 'TCP' },
        ],
        to: [namespaces('kube-system')],
      },
      { to: [namespaces('governance'), { ipBlock: { cidr: '203.0.113.0/24' } }] },
    ]);
  });

  it('lets a restricted agent out nowhere when nothing is allowed', () => {
    expect(network({ egressAllowedNamespaces: [], dnsNamespaces: [] }).egress).toStrictEqual([]);
  });

  it('lets an open agent out everywhere', () => {
    expect(network({ egress: 'open' }).egress).toStrictEqual([{}]);
  });
});

function network(networking: Record<string, unknown>) {
  return only(rendered({ ...example('minimal'), networking }), 'NetworkPolicy').spec;
}

function namespaces(...values: string[]) {
  return {
    namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] },
  };
}
