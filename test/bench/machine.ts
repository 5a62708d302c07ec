import { cpus, release, totalmem } from 'node:os';
import { Client } from 'pg';
import { call } from '../../clients/kubernetes/http.ts';
import type { World } from './world.ts';

/** The machine alone, for what is measured without a system. */
export function describeHost(): readonly (readonly [string, string])[] {
  const cores = cpus();
  return [
    ['CPU', `${cores[0]?.model.trim() ?? 'unknown'}, ${cores.length} cores`],
    ['memory', `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    ['kernel', release()],
    ['Node', process.version],
  ];
}

/** The machine and the versions a result holds for, as lines of a table. */
export async function describeMachine(world: World): Promise<readonly (readonly [string, string])[]> {
  return [
    ...describeHost(),
    ['Kubernetes', `${await kubernetesVersion(world)}, ten simulated nodes (KWOK)`],
    ['Helm', await world.helm.run(['version', '--template', '{{.Version}}'])],
    ['Temporal', `${await temporalVersion(world)}, development server, SQLite with WAL`],
    ['PostgreSQL', await postgresVersion(world)],
    ['raw Helm', `\`${world.helm.flags}\``],
  ];
}

async function kubernetesVersion({ kubernetes }: World): Promise<string> {
  const { body } = await call(kubernetes.connection, { method: 'GET', path: '/version' });
  return (JSON.parse(body) as { gitVersion: string }).gitVersion;
}

async function temporalVersion({ temporal }: World): Promise<string> {
  const { serverVersion } = await temporal.workflowService.getSystemInfo({});
  return serverVersion ?? 'unknown';
}

async function postgresVersion({ appUrl }: World): Promise<string> {
  const client = new Client({ connectionString: appUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}
