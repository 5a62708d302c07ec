import { describe, expect, it } from 'vitest';
import { AgentConfig } from './agent-config.ts';

const SMALLEST = { framework: { name: 'custom' }, image: 'registry.example.com/team/agent:1.0.0' };

function problems(change: object): string[] {
  const parsed = AgentConfig.safeParse({ ...SMALLEST, ...change });
  return parsed.success ? [] : parsed.error.issues.map(issue => `${issue.path.join('/')}: ${issue.message}`);
}

describe('AgentConfig', () => {
  it('fills in what a small agent leaves out', () => {
    expect(AgentConfig.parse(SMALLEST)).toMatchObject({
      replicas: 1,
      resources: { cpu: '100m', memory: '128Mi' },
      env: [],
      egress: 'restricted',
      exposure: 'private',
    });
  });

  it.each([
    ['a digest instead of a tag', { image: `agent@sha256:${'a'.repeat(64)}` }],
    ['a registry with a port', { image: 'localhost:5000/team/agent:v1' }],
    ['no replicas at all', { replicas: 0 }],
    ['a framework with its version', { framework: { name: 'crewai', version: '0.102.0' } }],
    ['a secret by reference', { env: [{ name: 'API_TOKEN', secret_ref: { name: 'tokens', key: 'api' } }] }],
    ['scaling with defaults', { auto_scaling: { min_replicas: 2, max_replicas: 10 } }],
  ])('accepts %s', (_what, change) => {
    expect(problems(change)).toEqual([]);
  });

  it.each([
    ['an image without tag', { image: 'registry.example.com/agent' }, /image: must carry a tag/],
    ['a malformed image', { image: 'UPPER/agent:1 ; rm' }, /image: must be an image reference/],
    ['an image that begins like a flag', { image: '--help:1' }, /image: must be an image reference/],
    ['an unknown framework', { framework: { name: 'skynet', version: '1' } }, /framework/],
    ['a framework without version', { framework: { name: 'langchain' } }, /framework\/version/],
    ['a negative replica count', { replicas: -1 }, /replicas/],
    ['a billion replicas', { replicas: 1e9 }, /replicas/],
    ['negative CPU', { resources: { cpu: '-1', memory: '64Mi' } }, /resources\/cpu/],
    ['absurd CPU', { resources: { cpu: '99999', memory: '64Mi' } }, /resources\/cpu/],
    ['no CPU at all', { resources: { cpu: '0', memory: '64Mi' } }, /resources\/cpu/],
    ['absurd memory', { resources: { cpu: '1', memory: '999999Gi' } }, /resources\/memory/],
    ['memory without unit', { resources: { cpu: '1', memory: '64' } }, /resources\/memory/],
    ['an unknown field', { replica: 3 }, /Unrecognized key/],
    [
      'limits the wrong way round',
      { auto_scaling: { min_replicas: 5, max_replicas: 2 } },
      /must not be smaller/,
    ],
    ['a secret by its name', { env: [{ name: 'OPENAI_API_KEY', value: 'x' }] }, /secret_ref/],
    ['a secret by its look', { env: [{ name: 'BASE', value: 'sk-abcdef0123456789' }] }, /secret_ref/],
    [
      'a governed variable',
      { env: [{ name: 'LLM_API_BASE_URL', value: 'http://evil' }] },
      /set by the platform/,
    ],
    [
      'a name twice',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
      /unique/,
    ],
    ['a control character', { env: [{ name: 'A', value: 'a\u0000b' }] }, /control characters/],
    ['text longer than 4096', { env: [{ name: 'A', value: 'x'.repeat(4097) }] }, /4096/],
  ])('refuses %s and says where', (_what, change, message) => {
    expect(problems(change).join('\n')).toMatch(message);
  });
});
