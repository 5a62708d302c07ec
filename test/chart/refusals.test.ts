import { describe, expect, it } from 'vitest';
import { AgentRuntimeValues } from '../../domain/chart-values.ts';
import { GOVERNANCE_ENDPOINT_VARIABLES, GOVERNED_VARIABLES } from '../../domain/rules/governed-variables.ts';
import { example, render } from './chart.ts';

describe.each(Object.keys(GOVERNANCE_ENDPOINT_VARIABLES))('without governance.%s', setting => {
  const { governance, ...rest } = example('minimal');
  const values = {
    ...rest,
    governance: Object.fromEntries(Object.entries(governance).filter(([key]) => key !== setting)),
  };

  it('the schema refuses and names the setting', () => {
    expectRefused(values, new RegExp(`'/governance': missing property '${setting}'`));
  });

  it('the templates refuse even where the schema is skipped, and say what to do', () => {
    const answer = render(values, { skipSchema: true });
    expect(answer.manifests).toStrictEqual([]);
    expect(answer.refusal).toContain(
      `governance.${setting} is missing, so release support-agent is not deployed`,
    );
    expect(answer.refusal).toContain('set it in the platform settings');
  });
});

it('an empty governance endpoint is as good as none', () => {
  const values = minimalBut({ governance: { llmApiBaseUrl: '' } });
  expectRefused(values, /'\/governance\/llmApiBaseUrl'/);
  expect(render(values, { skipSchema: true }).refusal).toContain('governance.llmApiBaseUrl is missing');
});

describe.each(GOVERNED_VARIABLES)('variable %s', name => {
  it('cannot be set by env or by secretEnv', () => {
    const plain = minimalBut({ env: [{ name, value: 'http://elsewhere' }] });
    const secret = minimalBut({ secretEnv: [{ name, secretName: 'mine', secretKey: 'url' }] });
    expectRefused(plain, /'\/env\/0\/name': 'not' failed/);
    expectRefused(secret, /'\/secretEnv\/0\/name': 'not' failed/);
    for (const values of [plain, secret]) {
      expect(render(values, { skipSchema: true }).refusal).toContain(
        `variable ${name} of release support-agent is set by the platform`,
      );
    }
  });
});

const REFUSED: [string, Record<string, unknown>, RegExp][] = [
  ['an unknown value', { colour: 'red' }, /additional properties 'colour' not allowed/],
  [
    'an unknown value deep inside',
    { probes: { liveness: { tcp: true } } },
    /additional properties 'tcp' not allowed/,
  ],
  [
    'a secret by value',
    { secretEnv: [{ name: 'KEY', value: 's3cret' }] },
    /additional properties 'value' not allowed/,
  ],
  ['a credential in an endpoint', { governance: { llmApiBaseUrl: 'http://me:pw@gateway' } }, /llmApiBaseUrl/],
  [
    'a key in the query of an endpoint',
    { governance: { llmApiBaseUrl: 'http://gateway?key=1' } },
    /llmApiBaseUrl/,
  ],
  ['an unknown framework', { framework: { name: 'basic' } }, /'\/framework'/],
  ['a framework without its version', { framework: { name: 'langchain' } }, /missing property 'version'/],
  ['negative replicas', { replicas: -1 }, /'\/replicas'/],
  ['absurd replicas', { replicas: 1001 }, /'\/replicas'/],
  ['half a replica', { replicas: 1.5 }, /'\/replicas'/],
  ['no CPU at all', { resources: { cpu: '0', memory: '1Gi' } }, /'\/resources\/cpu'/],
  ['negative memory', { resources: { cpu: '1', memory: '-1Gi' } }, /'\/resources\/memory'/],
  ['a number where a quantity belongs', { resources: { cpu: 1, memory: '1Gi' } }, /got number, want string/],
  ['a malformed image', { image: 'not an image' }, /'\/image'/],
  ['an image without tag or digest', { image: 'registry.example.com:5000/agent' }, /'\/image'/],
  ['a runtime name that is no DNS label', { identity: { runtimeName: 'My Agent' } }, /runtimeName/],
  ['a tenant that could be two', { identity: { tenantId: 'a--b' } }, /tenantId/],
  ['a variable name with a line break', { env: [{ name: 'A\nB', value: '' }] }, /'\/env\/0\/name'/],
  ['NUL in a variable', { env: [{ name: 'A', value: 'a\0b' }] }, /'\/env\/0\/value'/],
  ['an escape sequence in a variable', { env: [{ name: 'A', value: '\u001b[2J' }] }, /'\/env\/0\/value'/],
  ['a budget that blocks every drain', { podDisruptionBudget: { maxUnavailable: 0 } }, /maxUnavailable/],
  ['a budget of no percent', { podDisruptionBudget: { maxUnavailable: '0%' } }, /maxUnavailable/],
  [
    'a label of ours',
    { serviceAccount: { labels: { 'runtimeai.dev/tenant': 'other' } } },
    /runtimeai\.dev\/tenant/,
  ],
  [
    'an egress rule that is no CIDR',
    { networking: { egressAllowedCidrs: ['10.0.0.1'] } },
    /egressAllowedCidrs/,
  ],
  ['a privileged port', { probes: { port: 80 } }, /'\/probes\/port'/],
];

describe('refused alike by the domain and by helm', () => {
  it.each(REFUSED)('%s', (_what, change, message) => {
    const values = minimalBut(change);
    expect(AgentRuntimeValues.safeParse(values).success).toBe(false);
    expectRefused(values, message);
  });
});

describe('what JSON Schema cannot say is refused by the domain and by the templates', () => {
  it('a variable given twice', () => {
    const values = minimalBut({
      env: [{ name: 'MODE', value: 'a' }],
      secretEnv: [{ name: 'MODE', secretName: 'mine', secretKey: 'mode' }],
    });
    expect(AgentRuntimeValues.safeParse(values).success).toBe(false);
    expectRefused(values, /variable MODE of release support-agent is given twice/);
  });

  it('autoscaling from more to fewer', () => {
    const values = minimalBut({ autoscaling: { minReplicas: 5, maxReplicas: 2 } });
    expect(AgentRuntimeValues.safeParse(values).success).toBe(false);
    expectRefused(values, /autoscaling\.minReplicas 5 of release support-agent is above maxReplicas 2/);
  });
});

it('refuses a release name that no Service may have', () => {
  for (const release of ['1st-agent', 'agent.v2']) {
    const answer = render(minimalBut({}), { release });
    expect(answer.manifests).toStrictEqual([]);
    expect(answer.refusal).toContain('cannot name a Service');
  }
});

function expectRefused(values: unknown, message: RegExp): void {
  const answer = render(values);
  expect(answer.manifests).toStrictEqual([]);
  expect(answer.refusal).toMatch(message);
}

function minimalBut(change: Record<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = { ...example('minimal') };
  for (const [key, value] of Object.entries(change)) {
    const before = values[key];
    const merges = isPlainObject(value) && isPlainObject(before) && key !== 'framework';
    values[key] = merges ? { ...before, ...value } : value;
  }
  return values;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
