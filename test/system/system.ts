import { randomBytes } from 'node:crypto';
import { connectKubernetes } from '../../clients/kubernetes/connection.ts';
import { createKubernetesClient, type KubernetesClient } from '../../clients/kubernetes/requests.ts';
import { openAsOwner } from '../../db/database.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import type { NewPolicy } from '../../domain/policy.ts';
import { Role } from '../../domain/principal.ts';
import type { LabContext } from '../../lab/context.ts';
import { kindSettings } from '../../lab/kind-settings.ts';
import type { DatabaseUrls } from '../../lab/postgres.ts';
import { type ServiceSettings, type Services, startServices } from '../../lab/services.ts';
import { simulatedScheduling } from '../../lab/simulated-nodes.ts';
import { startTemporal, type TemporalServer } from '../../lab/temporal.ts';
import { freshDatabase } from '../postgres.ts';
import { Caller } from './caller.ts';
import { type ReleaseBook, releaseBook } from './releases.ts';
import { throwAway, throwAwayLab } from './throw-away-lab.ts';

/** The people of one tenant, one for each role, and a second one who may also decide. */
export type People = Readonly<Record<Role | 'second_operator', Caller>>;

/** One tenant of a system under test; its name is new each time, because all systems share one cluster. */
export interface TestTenant {
  readonly id: string;
  readonly people: People;
  /** The namespace of a project. */
  namespaceOf(project?: string): string;
}

/** RuntimeAI's four processes with a Temporal and a database of their own, on the cluster all tests share. */
export interface System {
  readonly context: LabContext;
  readonly services: Services;
  readonly temporal: TemporalServer;
  /** Every deploy is allowed. */
  readonly open: TestTenant;
  /** Upgrades need an approval: in production within ten minutes, in staging within two seconds. */
  readonly guarded: TestTenant;
  /** The cluster itself, past every proxy. */
  readonly kubernetes: KubernetesClient;
  readonly releases: ReleaseBook;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** Another kubeconfig than the shared cluster's own, e.g. one that leads through a proxy. */
  readonly kubeconfig?: string;
  /** Another database than a fresh one on the shared server. */
  readonly database?: DatabaseUrls;
  /** Where agents run; without real containers everything is faster. */
  readonly nodes?: 'simulated' | 'real';
  /** Further settings by the name of their variable. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Starts everything on throw-away data; nothing but the API is needed to use it. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const context = await throwAwayLab();
  const database: OneDatabase = options.database ?? (await freshDatabase());
  const end = async () => {
    await throwAway(context);
    await database.drop?.();
  };
  try {
    const system = await startIn(context, { ...options, database });
    const stop = async () => {
      await end();
      await removeNamespaces(system);
    };
    return { ...system, stop };
  } catch (error) {
    await end();
    throw error;
  }
}

interface OneDatabase extends Pick<DatabaseUrls, 'ownerUrl' | 'appUrl'> {
  drop?(): Promise<void>;
}

async function startIn(
  context: LabContext,
  options: SystemOptions & { database: OneDatabase },
): Promise<Omit<System, 'stop'>> {
  const { database } = options;
  const kubernetes = createKubernetesClient(await connectKubernetes({ kubeconfig: sharedKubeconfig() }));
  const temporal = await startTemporal(context);
  const settings = settingsFor(options, { context, temporal, databaseUrl: database.appUrl });
  const services = await startServices(context, settings);
  const tenants = await makeTenants(database.ownerUrl, services.apiUrl);
  return { context, services, temporal, kubernetes, releases: releaseBook(kubernetes), ...tenants };
}

/** The kubeconfig of the cluster the global set-up has started. */
export function sharedKubeconfig(): string {
  return setting('RUNTIMEAI_TEST_KUBECONFIG');
}

/** Whether the shared cluster runs real containers. */
export function hasRealNode(): boolean {
  return setting('RUNTIMEAI_TEST_NODES').split(',').includes('real');
}

function settingsFor(
  { kubeconfig = sharedKubeconfig(), nodes = 'simulated', more }: SystemOptions,
  parts: { context: LabContext; temporal: TemporalServer; databaseUrl: string },
): ServiceSettings {
  return {
    databaseUrl: parts.databaseUrl,
    temporal: parts.temporal,
    cluster: {
      kubeconfigPath: kubeconfig,
      contextName: setting('RUNTIMEAI_TEST_CONTEXT'),
      helmPath: setting('RUNTIMEAI_TEST_HELM'),
    },
    kinds: kindSettings(parts.context),
    more: {
      ...(nodes === 'simulated' && { RUNTIMEAI_AGENT_SCHEDULING: JSON.stringify(simulatedScheduling) }),
      ...more,
    },
  };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set: system tests need the parts that \`npm test\` starts.`);
}

const GUARDED: NewPolicy = {
  name: 'guarded',
  rules: [
    { kind: 'allow_action', selector: { action: 'deploy.*' } },
    {
      kind: 'require_approval',
      selector: { action: 'deploy.upgrade', environment: 'production' },
      params: { quorum: 1, expires_in_seconds: 600 },
    },
    {
      kind: 'require_approval',
      selector: { action: 'deploy.upgrade', environment: 'staging' },
      params: { quorum: 1, expires_in_seconds: 2 },
    },
  ],
};

async function makeTenants(
  ownerUrl: string,
  apiUrl: string,
): Promise<{ open: TestTenant; guarded: TestTenant }> {
  const owner = openAsOwner(ownerUrl);
  const tenant = async (id: string, policy: NewPolicy): Promise<TestTenant> => {
    await createTenant(owner, { tenantId: id, policies: [policy] });
    const make = async (name: string, role: Role) => {
      const request = { tenantId: id, installation: 'test', name, kind: 'human' as const, roles: [role] };
      return [name, new Caller(apiUrl, (await createApiKey(owner, request)).token)] as const;
    };
    const roles = Role.options.map(role => make(role, role));
    const people = await Promise.all([...roles, make('second_operator', 'operator')]);
    return {
      id,
      people: Object.fromEntries(people) as People,
      namespaceOf: (project = 'default') => `rtai-${id}--${project}`,
    };
  };
  try {
    const mark = randomBytes(4).toString('hex');
    return {
      open: await tenant(`acme-${mark}`, STARTER_POLICIES.open),
      guarded: await tenant(`globex-${mark}`, GUARDED),
    };
  } finally {
    await owner.close();
  }
}

async function removeNamespaces({
  kubernetes,
  open,
  guarded,
}: Pick<System, 'kubernetes' | 'open' | 'guarded'>): Promise<void> {
  const labelSelector = `runtimeai.dev/tenant in (${open.id},${guarded.id})`;
  const namespaces = await kubernetes.list({ apiVersion: 'v1', kind: 'Namespace', labelSelector });
  for (const { metadata } of namespaces)
    await kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name: metadata.name });
}
