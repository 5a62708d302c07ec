import { describe, expect, it } from 'vitest';
import { AgentRuntimeValues, type AgentRuntimeValuesInput } from './chart-values.ts';

const LEAST: AgentRuntimeValuesInput = {
  identity: {
    runtimeId: 'rt_01h455vb4pex5vsknk084sn02q',
    runtimeName: 'support-agent',
    tenantId: 'acme',
    project: 'default',
    environment: 'development',
    operationId: 'op_01h455vb4pex5vsknk084sn02q',
  },
  image: 'runtimeai.dev/sample-agent:1.0.0',
  framework: { name: 'custom' },
  resources: { cpu: '100m', memory: '128Mi' },
  governance: {
    llmApiBaseUrl: 'http://llm-gateway.governance.svc',
    guardrailsApiUrl: 'http://guardrails.governance.svc',
    sandboxApiUrl: 'http://sandbox.governance.svc',
    dataAccessApiUrl: 'http://data-access.governance.svc',
    otelExporterOtlpEndpoint: 'http://otel-collector.observability.svc:4317',
  },
};

describe('values of an agent', () => {
  it('are private, restricted and quick to be probed unless said otherwise', () => {
    const values = AgentRuntimeValues.parse(LEAST);
    expect(values.networking).toMatchObject({ egress: 'restricted', exposure: 'private' });
    expect(values.probes.readiness).toMatchObject({ path: '/ready', periodSeconds: 2 });
    expect(values.probes.startup).toMatchObject({ path: '/startup', periodSeconds: 1, failureThreshold: 60 });
    expect(values.probes.liveness).toMatchObject({ path: '/healthz', periodSeconds: 10 });
    expect(values.autoscaling).toBeNull();
  });

  it('keep the other defaults when one setting of a group is given', () => {
    const values = AgentRuntimeValues.parse({ ...LEAST, probes: { startup: { failureThreshold: 5 } } });
    expect(values.probes.startup).toMatchObject({ path: '/startup', periodSeconds: 1, failureThreshold: 5 });
    expect(values.probes.port).toBe(8080);
  });

  it.each(['10m', '64', '0.5', '0.010', '1.500', '999999m'])('take %s as CPU', cpu => {
    expect(accepts({ resources: { cpu, memory: '1Gi' } })).toBe(true);
  });

  it.each(['0', '0.000', '0m', '-1', '1e3', '1 ', '', '1.0000'])('refuse "%s" as CPU', cpu => {
    expect(accepts({ resources: { cpu, memory: '1Gi' } })).toBe(false);
  });

  it.each(['https://gateway', 'http://[2001:db8::1]:8080/v1', 'http://10.0.0.1/v1/'])(
    'take endpoint %s',
    url => {
      expect(accepts({ governance: { ...LEAST.governance, llmApiBaseUrl: url } })).toBe(true);
    },
  );

  it.each([
    'gateway',
    'ftp://gateway',
    'http://',
    'http://a:b@gateway',
    'http://gateway/?k=v',
    'http://gateway/a b',
  ])('refuse endpoint %s', url => {
    expect(accepts({ governance: { ...LEAST.governance, llmApiBaseUrl: url } })).toBe(false);
  });

  it.each(['10.0.0.0/8', '2001:db8::/32', '::/0'])('take %s as an address range', cidr => {
    expect(accepts({ networking: { egressAllowedCidrs: [cidr] } })).toBe(true);
  });

  it.each(['\0', '\u007f', '\u0085', '\ud800', '\uffff'])('refuse text that YAML cannot carry: %j', value => {
    expect(accepts({ env: [{ name: 'TEXT', value }] })).toBe(false);
  });

  it('name the variable that only the platform sets', () => {
    const answer = AgentRuntimeValues.safeParse({ ...LEAST, env: [{ name: 'TENANT_ID', value: 'other' }] });
    expect(answer.error?.issues).toMatchObject([
      { path: ['env', 0, 'name'], message: 'is set by the platform' },
    ]);
  });

  it('refuse one name for a plain and a secret variable', () => {
    const twice = {
      env: [{ name: 'KEY', value: 'a' }],
      secretEnv: [{ name: 'KEY', secretName: 'mine', secretKey: 'key' }],
    };
    expect(accepts(twice)).toBe(false);
  });
});

function accepts(change: Partial<AgentRuntimeValuesInput>): boolean {
  return AgentRuntimeValues.safeParse({ ...LEAST, ...change }).success;
}
