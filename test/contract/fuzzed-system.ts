import { startLab } from '../../lab/lab.ts';
import type { Report } from '../../lab/progress.ts';
import { startServices } from '../../lab/services.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';
import { makeKeys } from './fuzzed-keys.ts';
import { makeThings } from './fuzzed-things.ts';

/** RuntimeAI with some tenants, and things in them for the fuzzer to find. */
export interface FuzzedSystem {
  readonly apiUrl: string;
  /** What schemathesis.toml and hooks.py refer to. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts everything on simulated nodes; the limit on requests is off, because the fuzzer is one caller. */
export async function startFuzzedSystem(options: {
  dataDir: string;
  signal: AbortSignal;
  report: Report;
}): Promise<FuzzedSystem> {
  const lab = await startLab({ ...options, nodes: 'simulated' });
  try {
    const keys = await makeKeys(lab.postgres.ownerUrl);
    const { apiUrl } = await startServices(lab.context, {
      databaseUrl: lab.postgres.appUrl,
      temporal: lab.temporal,
      cluster: lab.cluster,
      more: {
        RUNTIMEAI_RATE_LIMIT_PER_MINUTE: '0',
        RUNTIMEAI_AGENT_SCHEDULING: JSON.stringify(simulatedScheduling),
      },
    });
    const things = await makeThings(apiUrl, keys);
    return { apiUrl, variables: { ...keys, ...things }, stop: () => lab.stop() };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
