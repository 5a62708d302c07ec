import type { PolicyQuestion } from '../domain/policy.ts';

const FOOTPRINT: PolicyQuestion['desired'] = {
  cpu: 1,
  memory_mib: 1024,
  replicas: 1,
  gpus: 0,
  gpu_model: null,
  storage_gib: 0,
  size: null,
  image: 'registry.example/agent:1.0.0',
  exposure: null,
  egress_policy: null,
  isolation: null,
};

/** What a fixture leaves out: a developer upgrades a small running agent in development, at no change of cost. */
export const SAMPLE_QUESTION: PolicyQuestion = {
  action: 'deploy.upgrade',
  tenant: 'acme',
  environment: 'development',
  project: 'default',
  runtime: { id: null, name: 'sample-agent', type: 'agent_runtime', labels: {}, lifecycle: 'running' },
  requester: {
    id: 'sample-developer',
    name: 'Sample Developer',
    kind: 'human',
    roles: ['developer'],
    groups: [],
    on_behalf_of: null,
  },
  before: FOOTPRINT,
  desired: FOOTPRINT,
  cost: { before: 10, after: 10, tenant: 0, project: 0, environment: 0, unit: 'EUR' },
  now: '2026-01-05T12:00:00.000Z',
};
