import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import { DNS_ALONE, dnsRules } from '../../domain/rules/network-rules.ts';
import { sandboxStep } from '../../test/builders/sandbox-step.ts';
import { blueprint, manifests } from './manifests.ts';
import { SANDBOX_DEFAULTS, type SandboxSettings } from './settings.ts';

const SETTINGS: SandboxSettings = { ...SANDBOX_DEFAULTS, strongRuntimeClass: 'gvisor', image: 'box:1' };
const sandbox = { env: [], warm_pool: 0 };

const kindsOf = (step: Parameters<typeof manifests>[0]) => manifests(step, SETTINGS).map(({ kind }) => kind);
function podOf(step: Parameters<typeof manifests>[0], settings = SETTINGS) {
  const spec = fieldsOf(manifests(step, settings).at(-1)?.['spec']);
  return fieldsOf(fieldsOf(spec['podTemplate'])['spec']);
}

describe('the objects of a sandbox', () => {
  it('are a policy and a Sandbox, which is suspended when it shall not run', () => {
    expect(kindsOf(sandboxStep({}))).toEqual(['NetworkPolicy', 'Sandbox']);
    const [, stopped] = manifests(sandboxStep({}, { power: 'stopped' }), SETTINGS);
    expect(stopped?.['spec']).toMatchObject({ operatingMode: 'Suspended' });
  });

  it('are a template, a pool and a claim where there is a warm pool', () => {
    const step = sandboxStep({ sandbox: { ...sandbox, warm_pool: 3 } });
    expect(kindsOf(step)).toEqual(['NetworkPolicy', 'SandboxTemplate', 'SandboxWarmPool', 'SandboxClaim']);
    expect(manifests(step, SETTINGS)[2]?.['spec']).toMatchObject({ replicas: 3 });
  });

  it('bear the labels of the runtime, its own labels, and the mark of the operation', () => {
    for (const { metadata } of manifests(sandboxStep({}), SETTINGS)) {
      expect(metadata.labels).toMatchObject({ team: 'red', 'runtimeai.dev/runtime': 'rt_1' });
      expect(metadata.annotations).toMatchObject({ 'runtimeai.dev/operation': 'op_1' });
    }
  });
});

describe('the policy of a sandbox', () => {
  it('lets it out to DNS and what policies allow, although open was asked for, pooled or not', () => {
    const networking = { exposure: 'private', egress_policy: 'open' } as const;
    for (const warm_pool of [0, 3]) {
      const step = sandboxStep({ networking, sandbox: { ...sandbox, warm_pool } });
      const egress = { cidrs: ['192.0.2.0/24'], namespaces: [] };
      const [obliged] = manifests({ ...step, target: { ...step.target, egress } }, SETTINGS);
      expect(fieldsOf(obliged?.['spec'])['egress']).toEqual([
        ...dnsRules(DNS_ALONE),
        { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
      ]);
      expect(fieldsOf(manifests(step, SETTINGS)[0]?.['spec'])['egress']).toEqual([{}]);
    }
  });
});

describe('the pod of a sandbox', () => {
  it('is strongly isolated unless basic is asked for', () => {
    expect(podOf(sandboxStep({}))).toMatchObject({ runtimeClassName: 'gvisor' });
    const basic = sandboxStep({ security: { isolation: 'basic', audit: true } });
    expect(podOf(basic)).not.toHaveProperty('runtimeClassName');
  });

  it('has what its size says, and a GPU as a limit and a choice of nodes', () => {
    const pod = podOf(sandboxStep({ size: 'large', resources: { gpu: '2xA10' } }));
    expect(pod).toMatchObject({
      nodeSelector: { 'nvidia.com/gpu.product': 'A10' },
      containers: [
        {
          resources: {
            requests: { cpu: '1000m', memory: '1024Mi' },
            limits: { cpu: '1000m', memory: '1024Mi', 'nvidia.com/gpu': '2' },
          },
        },
      ],
    });
  });

  it('takes secrets by reference', () => {
    const secret = { name: 'TOKEN', secret_ref: { name: 'tokens', key: 'github' } };
    expect(podOf(sandboxStep({ sandbox: { ...sandbox, env: [secret] } }))).toMatchObject({
      containers: [
        { env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'tokens', key: 'github' } } }] },
      ],
    });
  });

  it('goes where its compliance lets it, and bears the labels of that whatever the user’s own are', () => {
    const compliance = { eu: { nodeSelector: { region: 'eu' }, tolerations: [], labels: { team: 'eu' } } };
    const step = sandboxStep({ security: { isolation: 'basic', audit: true, compliance: ['eu'] } });
    expect(podOf(step, { ...SETTINGS, compliance })).toMatchObject({ nodeSelector: { region: 'eu' } });
    const { podTemplate } = blueprint(step, { ...SETTINGS, compliance });
    expect(podTemplate.metadata.labels).toMatchObject({ team: 'eu', 'runtimeai.dev/runtime': 'rt_1' });
  });
});
