import { describeConformance } from './conformance.ts';
import { vclusterAdapter } from './vcluster-under-test.ts';

const SPEC = { size: 'small' as const };
const POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };

describeConformance({
  name: 'vcluster',
  capabilities: [
    'start',
    'stop',
    'restart',
    'rollout_restart',
    'scale',
    'snapshot',
    'restore',
    'attach_observer',
    'detach_observer',
  ],
  make: kubernetes => vclusterAdapter(kubernetes),
  spec: SPEC,
  scaled: { size: 'large' },
  egress: {
    open: { ...SPEC, networking: { exposure: 'private', egress_policy: 'open' } },
    policy: ({ namespace, release }) => ({ ...POLICY, namespace, name: `vc-work-${release}` }),
  },
  vital: ({ namespace, release }) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    namespace,
    name: release,
  }),
  misses: [/a default StorageClass/],
  refuses: [
    {
      what: 'to be public',
      spec: { ...SPEC, networking: { exposure: 'public', egress_policy: 'restricted' } },
      code: 'exposure_unavailable',
    },
    {
      what: 'strong isolation without a RuntimeClass',
      spec: { ...SPEC, security: { isolation: 'strong', audit: true } },
      code: 'isolation_unavailable',
    },
  ],
});
