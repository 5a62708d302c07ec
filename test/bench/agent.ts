import { AgentConfig } from '../../domain/agent-config.ts';

/** The versions an upgrade goes to and fro between; both are healthy. */
export type Version = '1.0.0' | '1.1.0';

/** The agent both sides deploy. */
export function sampleAgent(version: Version, replicas = 2): AgentConfig {
  return AgentConfig.parse({
    framework: { name: 'custom' },
    image: `runtimeai.dev/sample-agent:${version}`,
    replicas,
    resources: { cpu: '50m', memory: '64Mi' },
    env: [{ name: 'GREETING', value: 'hello' }],
  });
}
