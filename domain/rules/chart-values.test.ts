import { describe, expect, it } from 'vitest';
import { AgentConfig } from '../agent-config.ts';
import { AgentRuntimeValues } from '../chart-values.ts';
import { RestrictedEgress } from '../egress.ts';
import { newId } from '../ids.ts';
import { chartValues, inRegistry } from './chart-values.ts';

const governance = {
  llmApiBaseUrl: 'http://llm.governance.svc:8080/v1',
  guardrailsApiUrl: 'http://guardrails.governance.svc.cluster.local',
  sandboxApiUrl: 'https://10.1.2.3:8443',
  dataAccessApiUrl: 'https://data.example.com',
  otelExporterOtlpEndpoint: 'http://[fd00::1]:4317',
};
const target = {
  runtimeId: newId('runtime'),
  runtimeName: 'support-agent',
  tenantId: 'acme',
  project: 'default',
  environment: 'production',
  namespace: 'rtai-acme--default',
  release: 'support-agent',
} as const;
const operationId = newId('operation');
const valuesOf = (agent: unknown, more: object = {}) =>
  chartValues({ target, operationId, governance, agent: AgentConfig.parse(agent), ...more });

describe('the values of the chart', () => {
  it('are accepted by the chart’s schema, for the least and for the most an agent may ask for', () => {
    const least = { framework: { name: 'custom' }, image: 'team/agent:1.0.0' };
    const most = {
      ...least,
      framework: { name: 'langchain', version: '0.3.1' },
      resources: { cpu: '0.5', memory: '2Gi' },
      replicas: 3,
      auto_scaling: { min_replicas: 2, max_replicas: 5 },
      env: [
        { name: 'MODE', value: 'fast' },
        { name: 'OPENAI_KEY', secret_ref: { name: 'openai', key: 'key' } },
      ],
      egress: 'open',
      exposure: 'internal',
      service_account: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/agent' } },
    };
    const scheduling = {
      nodeSelector: { pool: 'agents' },
      tolerations: [{ key: 'agents', operator: 'Exists' }],
    };
    expect(AgentRuntimeValues.safeParse(valuesOf(least)).error).toBeUndefined();
    expect(
      AgentRuntimeValues.safeParse(valuesOf(most, { scheduling, registry: 'registry.example.com:5000' }))
        .error,
    ).toBeUndefined();
  });

  it('say who the agent is and which operation deploys it', () => {
    expect(valuesOf({ framework: { name: 'custom' }, image: 'a/b:1' }).identity).toEqual({
      runtimeId: target.runtimeId,
      runtimeName: 'support-agent',
      tenantId: 'acme',
      project: 'default',
      environment: 'production',
      operationId,
    });
  });

  it('carry a secret only as a reference', () => {
    const values = valuesOf({
      framework: { name: 'custom' },
      image: 'a/b:1',
      env: [
        { name: 'MODE', value: 'fast' },
        { name: 'OPENAI_KEY', secret_ref: { name: 'openai', key: 'key' } },
      ],
    });
    expect(values.env).toEqual([{ name: 'MODE', value: 'fast' }]);
    expect(values.secretEnv).toEqual([{ name: 'OPENAI_KEY', secretName: 'openai', secretKey: 'key' }]);
  });

  it('let restricted egress reach what the installation allows too', () => {
    const restrictedEgress = RestrictedEgress.parse({ dnsNamespaces: ['dns'], namespaces: ['tools'] });
    const values = valuesOf({ framework: { name: 'custom' }, image: 'a/b:1' }, { restrictedEgress });
    expect(values.networking).toMatchObject({
      dnsNamespaces: ['dns'],
      egressAllowedNamespaces: ['governance', 'tools'],
      egressAllowedCidrs: ['10.1.2.3/32', 'fd00::1/128'],
    });
    expect(AgentRuntimeValues.safeParse(values).error).toBeUndefined();
  });

  it.each(['open', 'restricted'])(
    'restrict egress to the governed endpoints and what policies allow, also when it asked for %s',
    egress => {
      const restrictedEgress = RestrictedEgress.parse({ dnsNamespaces: ['dns'], namespaces: ['tools'] });
      const allowed = { cidrs: ['192.0.2.0/24'], namespaces: ['data'] };
      const values = valuesOf(
        { framework: { name: 'custom' }, image: 'a/b:1', egress },
        { restrictedEgress, target: { ...target, egress: allowed } },
      );
      expect(values.networking).toEqual({
        egress: 'restricted',
        exposure: 'private',
        dnsNamespaces: ['dns'],
        dnsCidrs: [],
        egressAllowedNamespaces: ['data', 'governance'],
        egressAllowedCidrs: ['10.1.2.3/32', '192.0.2.0/24', 'fd00::1/128'],
      });
    },
  );

  it('are accepted by the chart’s schema with as much as several policies may allow', () => {
    const cidrs = Array.from(
      { length: 400 },
      (_, index) => `10.${Math.floor(index / 250)}.${index % 250}.0/24`,
    );
    const namespaces = Array.from({ length: 400 }, (_, index) => `team-${index}`);
    const obliged = { target: { ...target, egress: { cidrs, namespaces } } };
    const values = valuesOf({ framework: { name: 'custom' }, image: 'a/b:1' }, obliged);
    expect(AgentRuntimeValues.safeParse(values).error).toBeUndefined();
  });

  it('let restricted egress reach the governed endpoints that can be named in a rule', () => {
    expect(valuesOf({ framework: { name: 'custom' }, image: 'a/b:1' }).networking).toEqual({
      egress: 'restricted',
      exposure: 'private',
      egressAllowedNamespaces: ['governance'],
      egressAllowedCidrs: ['10.1.2.3/32', 'fd00::1/128'],
    });
  });
});

describe('an image in the default registry', () => {
  it.each([
    ['agent:1', 'r.io/agent:1'],
    ['team/agent:1', 'r.io/team/agent:1'],
    ['ghcr.io/team/agent:1', 'r.io/team/agent:1'],
    ['localhost/agent:1', 'r.io/agent:1'],
    ['host:5000/team/agent@sha256:abc', 'r.io/team/agent@sha256:abc'],
  ])('%s is %s', (image, expected) => {
    expect(inRegistry(image, 'r.io')).toBe(expected);
  });
});
