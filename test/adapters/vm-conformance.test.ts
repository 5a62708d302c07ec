import { createVmAdapter } from '../../adapters/vm/adapter.ts';
import { VM_DEFAULTS } from '../../adapters/vm/settings.ts';
import { listOf, textOf } from '../../clients/kubernetes/objects.ts';
import { describeConformance } from './conformance.ts';

const SPEC = { size: 'small' as const, vm: { image: 'registry.example.com/disks/tried:1.0' } };

describeConformance({
  name: 'vm',
  capabilities: [
    'start',
    'stop',
    'restart',
    'scale',
    'snapshot',
    'restore',
    'migrate',
    'attach_observer',
    'detach_observer',
  ],
  make: kubernetes => createVmAdapter({ kubernetes, settings: VM_DEFAULTS }),
  spec: SPEC,
  scaled: { ...SPEC, size: 'large' },
  egress: {
    open: { ...SPEC, networking: { exposure: 'private', egress_policy: 'open' } },
    policy: ({ namespace, release: name }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace,
      name,
    }),
  },
  vital: ({ namespace, release }) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    namespace,
    name: release,
  }),
  running: async (kubernetes, { namespace }) => {
    const kind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' };
    const instances = await kubernetes.list({ ...kind, namespace });
    return instances.map(({ metadata }) => metadata.uid ?? '');
  },
  migrateTo: async (kubernetes, { namespace, release }) => {
    const kind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' };
    const instance = await kubernetes.get({ ...kind, namespace, name: release });
    const here = textOf((instance?.['status'] as { nodeName?: unknown })?.nodeName);
    const labelSelector = 'kubevirt.io/schedulable=true';
    const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node', labelSelector });
    const other = listOf(nodes).map(node => textOf((node['metadata'] as { name?: unknown }).name));
    return other.find(name => name !== here) ?? 'no other node';
  },
  misses: [/virtualmachines\.kubevirt\.io/, /virtualmachinesnapshots\.snapshot\.kubevirt\.io/],
  refuses: [
    {
      what: 'half a CPU',
      spec: { ...SPEC, resources: { cpu: 0.5 } },
      code: 'values_refused',
    },
    {
      what: 'two machines',
      spec: { ...SPEC, resources: { replicas: 2 } },
      code: 'values_refused',
    },
    {
      what: 'to be public',
      spec: { ...SPEC, networking: { exposure: 'public', egress_policy: 'restricted' } },
      code: 'exposure_unavailable',
    },
    { what: 'to be without an image', spec: { size: 'small' }, code: 'image_required' },
    {
      what: 'a Secret for cloud-init that is not there',
      spec: { ...SPEC, vm: { ...SPEC.vm, cloud_init_secret: 'no-such-secret' } },
      code: 'object_gone',
    },
  ],
});
