import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../clients/kubernetes/objects.ts';
import type { Desired, Step } from '../../domain/change.ts';
import { DNS_ALONE, dnsRules } from '../../domain/rules/network-rules.ts';
import type { RuntimeSpec } from '../../domain/runtime.ts';
import { runtimeTarget } from '../../test/builders/runtime-target.ts';
import { machineObjects } from './manifests.ts';
import { refuseSpec } from './refusals.ts';
import { VM_DEFAULTS } from './settings.ts';

const SETTINGS = {
  ...VM_DEFAULTS,
  image: 'disks/default:1',
  compliance: {
    pci: { nodeSelector: { zone: 'pci' }, tolerations: [], labels: { 'example.com/pci': 'yes' } },
  },
};

describe('the objects of a machine', () => {
  it('change nothing but the run strategy when the power changes', () => {
    const on = machineObjects(stepFor({ spec: {}, power: 'running' }), SETTINGS);
    const off = machineObjects(stepFor({ spec: {}, power: 'stopped' }), SETTINGS);
    expect(fieldsOf(on.machine['spec'])).toMatchObject({ runStrategy: 'Always' });
    expect(off).toEqual({
      ...on,
      machine: { ...on.machine, spec: { ...fieldsOf(on.machine['spec']), runStrategy: 'Halted' } },
    });
  });

  it('have another instancetype and another mark for another size', () => {
    const [small, large] = (['small', 'large'] as const).map(size => objectsOf({ size }));
    expect(small?.instancetype.metadata.name).not.toBe(large?.instancetype.metadata.name);
    expect(small?.revision).not.toBe(large?.revision);
    expect(large?.instancetype['spec']).toEqual({ cpu: { guest: 4 }, memory: { guest: '8192Mi' } });
  });

  it('have the same mark when only the network changes, so that the machine need not restart', () => {
    const open = objectsOf({ networking: { exposure: 'internal', egress_policy: 'open' } });
    expect(open.revision).toBe(objectsOf({}).revision);
    expect(open.networkPolicy['spec']).toMatchObject({
      egress: [{}],
      ingress: [{ from: [{ namespaceSelector: {} }] }],
    });
  });

  it('let it out to DNS and what policies allow, although open was asked for, without a restart', () => {
    const step = stepFor({
      spec: { networking: { exposure: 'private', egress_policy: 'open' } },
      power: 'running',
    });
    const egress = { cidrs: ['192.0.2.0/24'], namespaces: [] };
    const obliged = machineObjects({ ...step, target: { ...step.target, egress } }, SETTINGS);
    expect(fieldsOf(obliged.networkPolicy['spec'])['egress']).toEqual([
      ...dnsRules(DNS_ALONE),
      { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
    ]);
    expect(obliged.revision).toBe(machineObjects(step, SETTINGS).revision);
  });

  it('keep a machine to the nodes of its compliance, with the labels of that on its pod', () => {
    const { machine } = objectsOf({ security: { isolation: 'strong', audit: true, compliance: ['pci'] } });
    const template = fieldsOf(fieldsOf(machine['spec'])['template']);
    expect(fieldsOf(template['spec'])['nodeSelector']).toEqual({ zone: 'pci' });
    expect(fieldsOf(template['metadata'])['labels']).toMatchObject({ 'example.com/pci': 'yes' });
  });

  it('give a machine its GPUs by KubeVirt’s name of the device', () => {
    const settings = { ...SETTINGS, gpuDevices: { A10: 'nvidia.com/GA102GL_A10' } };
    const { instancetype } = machineObjects(
      stepFor({ spec: { resources: { gpu: '2xA10' } }, power: 'running' }),
      settings,
    );
    expect(fieldsOf(instancetype['spec'])['gpus']).toEqual([
      { name: 'gpu1', deviceName: 'nvidia.com/GA102GL_A10' },
      { name: 'gpu2', deviceName: 'nvidia.com/GA102GL_A10' },
    ]);
  });
});

describe('a spec is refused', () => {
  it.each<[string, RuntimeSpec, string]>([
    ['for a part of a CPU', { resources: { cpu: 1.5 } }, 'values_refused'],
    ['for several machines', { resources: { replicas: 3 } }, 'values_refused'],
    ['to be public', { networking: { exposure: 'public', egress_policy: 'open' } }, 'exposure_unavailable'],
    [
      'for a word of compliance nobody explained',
      { security: { isolation: 'strong', audit: true, compliance: ['pci', 'hipaa'] } },
      'compliance_unavailable',
    ],
  ])('%s', (_what, spec, code) => {
    expect(() => refuseSpec(spec, SETTINGS)).toThrow(expect.objectContaining({ code }));
  });

  it('without an image where the installation has none either', () => {
    expect(() => refuseSpec({}, VM_DEFAULTS)).toThrow(expect.objectContaining({ code: 'image_required' }));
    expect(() => refuseSpec({}, SETTINGS)).not.toThrow();
  });
});

function objectsOf(spec: RuntimeSpec) {
  return machineObjects(stepFor({ spec, power: 'running' }), SETTINGS);
}

function stepFor(desired: Desired): Step {
  return {
    target: runtimeTarget('vm', 'desk'),
    ...{ operationId: 'op_1', index: 0, change: { verb: 'create' }, before: null, desired, knownRevision: 0 },
    quota: { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 },
  };
}
