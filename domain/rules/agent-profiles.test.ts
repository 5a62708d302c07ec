import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, AgentConfig } from '../agent-config.ts';
import { RuntimeCreateSpec, RuntimeSpec } from '../runtime.ts';
import { agentOf, profilesOf } from './agent-profiles.ts';

const image = 'team/agent:1.0.0';
const folded = (spec: unknown, defaults: { image?: string } = { image }) =>
  agentOf(RuntimeCreateSpec.parse(spec), defaults);
const agentIn = (spec: unknown) => {
  const result = folded(spec);
  if (result.kind !== 'agent') throw new Error(`no agent came of it: ${JSON.stringify(result)}`);
  return result.agent;
};
const pointersIn = (spec: unknown) => {
  const result = folded(spec);
  return result.kind === 'contradiction' ? result.issues.map(({ path }) => `/${path.join('/')}`) : [];
};

describe('the agent of a spec', () => {
  it('of which nothing is said is the platform’s image in medium size', () => {
    expect(agentIn({})).toEqual({
      framework: { name: 'custom' },
      image,
      env: [],
      resources: { cpu: '500m', memory: '512Mi' },
      replicas: 2,
      egress: 'restricted',
      exposure: 'private',
    });
  });

  it('that says only its image has the defaults of an agent', () => {
    expect(agentIn({ agent: { image } })).toMatchObject(AGENT_DEFAULTS);
  });

  it('is refused without an image when the platform has none', () => {
    expect(folded({ size: 'small' }, {})).toEqual({ kind: 'image_required' });
    expect(folded({ agent: { image } }, {}).kind).toBe('agent');
  });

  it('has the resources of its size, with overrides', () => {
    const spec = {
      size: 'large',
      resources: { memory: '3Gi', replicas: 7, gpu: '1xA10' },
      agent: { image },
    };
    expect(agentIn(spec)).toMatchObject({
      resources: { cpu: '1000m', memory: '3Gi' },
      replicas: 7,
      gpu: '1xA10',
    });
  });

  it('takes what only one side says from that side, and what both say alike once', () => {
    const spec = {
      networking: { exposure: 'internal', egress_policy: 'open' },
      security: { isolation: 'basic', compliance: ['pci'] },
      resources: { cpu: 0.25 },
      agent: { image, exposure: 'internal', resources: { cpu: '250m', memory: '64Mi' } },
    };
    expect(agentIn(spec)).toMatchObject({
      exposure: 'internal',
      egress: 'open',
      isolation: 'basic',
      compliance: ['pci'],
      resources: { cpu: '250m', memory: '64Mi' },
    });
  });

  it.each([
    [{ size: 'large', agent: { replicas: 1 } }, '/spec/agent/replicas'],
    [
      { resources: { cpu: 2 }, agent: { resources: { cpu: '1', memory: '1Gi' } } },
      '/spec/agent/resources/cpu',
    ],
    [{ resources: { gpu: '1xA10' }, agent: { gpu: '2xA10' } }, '/spec/agent/gpu'],
    [{ networking: { exposure: 'internal' }, agent: { exposure: 'private' } }, '/spec/agent/exposure'],
    [{ networking: { egress_policy: 'open' }, agent: { egress: 'restricted' } }, '/spec/agent/egress'],
    [{ security: { isolation: 'strong' }, agent: { isolation: 'basic' } }, '/spec/agent/isolation'],
    [
      { security: { isolation: 'basic', compliance: ['pci'] }, agent: { compliance: [] } },
      '/spec/agent/compliance',
    ],
    [{ resources: { memory: '999999Gi' } }, '/spec/resources/memory'],
  ])('is refused when %j contradicts itself', (spec, pointer) => {
    expect(pointersIn(spec)).toEqual([pointer]);
  });
});

describe('the profiles of an agent', () => {
  const parsed = (agent: object) => AgentConfig.parse({ framework: { name: 'custom' }, image, ...agent });

  it.each(['small', 'medium', 'large', 'xlarge'])('say size %s of one that has exactly that', size => {
    expect(profilesOf(agentIn({ size }))).toMatchObject({ size });
  });

  it('say no size of one that has resources of its own', () => {
    expect(profilesOf(parsed({}))).toEqual({
      resources: { cpu: 0.1, memory: '128Mi', replicas: 1 },
      networking: { exposure: 'private', egress_policy: 'restricted' },
      security: { isolation: 'basic', audit: true },
    });
  });

  it('fit the contract’s schema and make the same agent again', () => {
    const agent = parsed({
      resources: { cpu: '0.25', memory: '3Gi' },
      replicas: 4,
      gpu: '2xH100',
      isolation: 'strong',
      compliance: ['hipaa'],
      egress: 'open',
    });
    const spec = { ...profilesOf(agent), agent };
    expect(RuntimeSpec.safeParse(spec).error).toBeUndefined();
    expect(agentIn(spec)).toEqual(agent);
  });
});
