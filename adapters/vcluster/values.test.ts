import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import type { Step } from '../../domain/change.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { AdapterFailure } from '../failure.ts';
import { refuseImpossible } from './refusals.ts';
import { VCLUSTER_DEFAULTS, type VClusterSettings } from './settings.ts';
import { type BackingStore, valuesOf } from './values.ts';

const settings: VClusterSettings = {
  ...VCLUSTER_DEFAULTS,
  scheduling: { nodeSelector: { pool: 'clusters' }, tolerations: [] },
  strongRuntimeClass: 'gvisor',
  compliance: { hipaa: { nodeSelector: { zone: 'vault' }, tolerations: [] } },
};

function step(spec: RuntimeSpec, power: 'running' | 'stopped' = 'running'): Step {
  return {
    target: {
      runtimeId: 'rt_1',
      runtimeName: 'edge',
      tenantId: 'acme',
      project: 'default',
      environment: 'development',
      namespace: 'ns',
      release: 'edge',
      type: 'vcluster',
      backend: 'vcluster',
      labels: {},
    },
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

  it('place it where the installation and its compliance say', () => {
    const spec: RuntimeSpec = { security: { isolation: 'basic', audit: true, compliance: ['hipaa'] } };
    expect(controlPlane(spec)['scheduling']).toEqual({
      nodeSelector: { pool: 'clusters', zone: 'vault' },
      tolerations: [],
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

describe('a compliance word nobody knows', () => {
  it('is refused, naming the known ones', () => {
    const wanted = step({ security: { isolation: 'basic', audit: true, compliance: ['fips'] } });
    expect(() => refuseImpossible(wanted, settings)).toThrow(AdapterFailure);
    expect(() => refuseImpossible(wanted, settings)).toThrow(/known: hipaa/);
  });
});
