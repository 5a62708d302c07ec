import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import type { RuntimeTarget, Step } from '../../domain/change.ts';
import { DNS_ALONE, dnsRules } from '../../domain/rules/network-rules.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { runtimeTarget } from '../../test/builders/runtime-target.ts';
import { createBareCluster } from '../../test/fakes/bare-cluster.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseImpossible } from './refusals.ts';
import { VCLUSTER_DEFAULTS, type VClusterSettings } from './settings.ts';
import { type BackingStore, valuesOf } from './values.ts';

const settings: VClusterSettings = {
  ...VCLUSTER_DEFAULTS,
  scheduling: { nodeSelector: { pool: 'clusters' }, tolerations: [] },
  strongRuntimeClass: 'gvisor',
  compliance: {
    hipaa: {
      nodeSelector: { zone: 'vault' },
      tolerations: [
        { key: 'vault', operator: 'Exists' },
        { key: 'phi', value: 'yes', effect: 'NoExecute' },
      ],
      labels: { 'example.com/phi': 'yes' },
    },
  },
};

function step(spec: RuntimeSpec, power: 'running' | 'stopped' = 'running'): Step {
  return {
    target: runtimeTarget('vcluster', 'edge'),
    operationId: 'op_1',
    index: 0,
    change: { verb: 'create' },
    before: null,
    desired: { spec, power },
    knownRevision: 0,
    quota: { cpu: 1, memoryMiB: 1, pods: 1, storageGiB: 1 },
  };
}

const controlPlane = (spec: RuntimeSpec, store: BackingStore = { kind: 'embedded' }, power?: 'stopped') =>
  fieldsOf(fieldsOf(valuesOf(step(spec, power), store, settings)['controlPlane'])['statefulSet']);

describe('the values of the chart', () => {
  it('take resources from the size, and never limit memory below what an idle control plane needs', () => {
    expect(controlPlane({ size: 'small' })['resources']).toEqual({
      requests: { cpu: '200m', memory: '256Mi' },
      limits: { cpu: '1000m', memory: '4096Mi' },
    });
  });

  it('render a stopped one without replicas', () => {
    expect(controlPlane({ size: 'small' }, { kind: 'embedded' }, 'stopped')['highAvailability']).toEqual({
      replicas: 0,
    });
  });

  it('give several replicas an etcd of its own with the volume, and the control plane none', () => {
    const wanted = controlPlane({ size: 'xlarge' }, { kind: 'etcd', replicas: 3 });
    expect(wanted).toMatchObject({ highAvailability: { replicas: 3 } });
    expect(wanted).not.toHaveProperty('persistence');
  });

  it('split the image into the parts of the chart, also with a port in the registry', () => {
    const values = valuesOf(step({}), { kind: 'embedded' }, { ...settings, image: 'reg.local:5000/a/b:1.2' });
    expect(fieldsOf(fieldsOf(values['controlPlane'])['statefulSet'])['image']).toEqual({
      registry: 'reg.local:5000',
      repository: 'a/b',
      tag: '1.2',
    });
  });

  it('put isolation strong on the control plane and on every pod inside', () => {
    const spec: RuntimeSpec = { security: { isolation: 'strong', audit: true } };
    const values = valuesOf(step(spec), { kind: 'embedded' }, settings);
    expect(values).toMatchObject({
      sync: { toHost: { pods: { runtimeClassName: 'gvisor' } } },
      controlPlane: { statefulSet: { runtimeClassName: 'gvisor' } },
    });
  });

  describe('for the network', () => {
    const openSpec: RuntimeSpec = { networking: { exposure: 'private', egress_policy: 'open' } };
    const specsOf = (egress?: RuntimeTarget['egress']) => {
      const { target, ...rest } = step(openSpec);
      const obliged = { ...rest, target: egress ? { ...target, egress } : target };
      const { experimental } = valuesOf(obliged, { kind: 'embedded' }, settings);
      const host = fieldsOf(fieldsOf(fieldsOf(experimental)['deploy'])['host'])['manifests'];
      const policies = String(host)
        .split('\n---\n')
        .map(text => JSON.parse(text));
      return Object.fromEntries(policies.map(({ metadata, spec }) => [metadata.name, spec]));
    };

    it('let the pods inside out to DNS and what policies allow, although open was asked for', () => {
      const within = specsOf({ cidrs: ['192.0.2.0/24'], namespaces: ['data'] })['vc-work-edge'];
      expect(within.egress.slice(1)).toEqual([
        ...dnsRules(DNS_ALONE),
        {
          to: [
            {
              namespaceSelector: {
                matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['data'] }],
              },
            },
            { ipBlock: { cidr: '192.0.2.0/24' } },
          ],
        },
      ]);
      expect(specsOf()['vc-work-edge'].egress.slice(1)).toEqual([{}]);
    });

    it('give the ways of the control plane to its own pods, whatever labels others bear', () => {
      const { podSelector } = specsOf()['vc-cp-edge'];
      expect(podSelector).toEqual({
        matchLabels: expect.objectContaining({ release: 'edge', 'runtimeai.dev/runtime': 'rt_1' }),
        matchExpressions: [{ key: 'vcluster.loft.sh/managed-by', operator: 'DoesNotExist' }],
      });
      expect(controlPlane({})['pods']).toMatchObject({ labels: { 'runtimeai.dev/runtime': 'rt_1' } });
    });

    it('change nothing of the control plane, which must reach the API server of its host', () => {
      const obliged = specsOf({ cidrs: [], namespaces: [] });
      expect(obliged['vc-cp-edge']).toEqual(specsOf()['vc-cp-edge']);
    });
  });

  describe('under compliance', () => {
    const spec: RuntimeSpec = { security: { isolation: 'basic', audit: true, compliance: ['hipaa'] } };

    it('place the control plane where the installation and its words say, with their labels', () => {
      expect(controlPlane(spec)).toMatchObject({
        pods: { labels: { 'example.com/phi': 'yes', 'runtimeai.dev/runtime': 'rt_1' } },
        scheduling: { nodeSelector: { pool: 'clusters', zone: 'vault' } },
      });
    });

    it('force every pod inside onto the nodes of its words, but not onto those of control planes', () => {
      const { sync } = valuesOf(step(spec), { kind: 'embedded' }, settings);
      expect(sync).toEqual({
        toHost: {
          pods: {
            enforceTolerations: [
              'vault:NoSchedule',
              'vault:PreferNoSchedule',
              'vault:NoExecute',
              'phi=yes:NoExecute',
            ],
          },
        },
        fromHost: { nodes: { selector: { labels: { zone: 'vault' } } } },
      });
    });

    it('force nothing upon pods inside without it', () => {
      const { sync } = valuesOf(step({}), { kind: 'embedded' }, settings);
      expect(sync).toEqual({ toHost: { pods: {} } });
    });
  });

  it.each([
    ['1.36', 'v1.36.0'],
    ['1.35.2', 'v1.35.2'],
  ])('name Kubernetes %s by the tag %s', (kubernetes_version, version) => {
    const values = valuesOf(
      step({ vcluster: { kubernetes_version, storage: '5Gi' } }),
      { kind: 'embedded' },
      settings,
    );
    expect(values).toMatchObject({ controlPlane: { distro: { k8s: { version } } } });
  });
});

describe('a virtual cluster is refused', () => {
  const refusal = (spec: RuntimeSpec) =>
    refuseImpossible({ kubernetes: createBareCluster(), settings }, step(spec));

  it('for a compliance word nobody knows, naming the known ones', async () => {
    const security = { isolation: 'basic' as const, audit: true, compliance: ['fips'] };
    await expect(refusal({ security })).rejects.toThrow(AdapterFailure);
    await expect(refusal({ security })).rejects.toThrow(/known: hipaa/);
  });

  it('for a RuntimeClass the cluster does not have, where it asks for strong isolation', async () => {
    const strong = { security: { isolation: 'strong' as const, audit: true } };
    await expect(refusal(strong)).rejects.toMatchObject({ code: 'isolation_unavailable' });
    await expect(refusal({})).resolves.toBeUndefined();
  });
});
