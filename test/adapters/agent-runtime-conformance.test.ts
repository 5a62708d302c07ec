import { agent, agentRuntimeAdapter } from './agent-runtime-world.ts';
import { describeConformance } from './conformance.ts';

describeConformance({
  name: 'agent-runtime',
  capabilities: [
    'deploy',
    'rollback',
    'start',
    'stop',
    'restart',
    'rollout_restart',
    'scale',
    'tune_policy',
    'attach_observer',
    'detach_observer',
  ],
  make: kubernetes => agentRuntimeAdapter(kubernetes),
  spec: { agent: agent() },
  scaled: { agent: agent({ replicas: 3, resources: { cpu: '200m', memory: '256Mi' } }) },
  egress: {
    open: { agent: agent({ egress: 'open' }) },
    policy: ({ namespace, release: name }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace,
      name,
    }),
    // Where its governed endpoints are.
    also: { cidrs: [], namespaces: ['governance', 'observability'] },
  },
  vital: ({ namespace, release }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace,
    name: release,
  }),
  misses: [],
  refuses: [
    {
      what: 'strong isolation without a RuntimeClass',
      spec: { agent: agent({ isolation: 'strong' }) },
      code: 'isolation_unavailable',
    },
    {
      what: 'a public address',
      spec: { agent: agent({ exposure: 'public' }) },
      code: 'exposure_unavailable',
    },
    {
      what: 'what its profiles contradict',
      spec: { agent: agent(), size: 'large' },
      code: 'values_refused',
    },
  ],
});
