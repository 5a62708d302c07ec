import { type Database, openAsOwner, openDatabase } from '../db/database.ts';
import { STARTER_POLICIES } from '../db/policies.ts';
import { createTenant } from '../db/tenants.ts';
import type { DeployRuntimeInput } from '../domain/deployment.ts';
import { newId } from '../domain/ids.ts';
import { freshDatabase, type TestDatabase } from './postgres.ts';

/** A database with the tenants `acme` (policy sample) and `globex` (policy open). */
export interface TwoTenants {
  readonly database: TestDatabase;
  readonly db: Database;
  readonly owner: Pick<Database, 'inTenant' | 'close'>;
  close(): Promise<void>;
}

/** Makes a fresh database with two tenants, opened as the application and as the owner. */
export async function twoTenants(): Promise<TwoTenants> {
  const database = await freshDatabase();
  const owner = openAsOwner(database.ownerUrl);
  await createTenant(owner, { tenantId: 'acme', policies: [STARTER_POLICIES.sample] });
  await createTenant(owner, { tenantId: 'globex', policies: [STARTER_POLICIES.open] });
  const db = await openDatabase(database.appUrl);
  const close = async () => {
    await db.close();
    await owner.close();
    await database.drop();
  };
  return { database, db, owner, close };
}

/** What the workflow would hand to admission: a first deploy of a small agent by Ada of acme. */
export function firstDeploy(
  changes: Partial<DeployRuntimeInput & { name: string; project: string }> = {},
): DeployRuntimeInput & { workflowId: string; runId: string } {
  const { name = 'support-agent', project = 'default', ...rest } = changes;
  const runtimeId = newId('runtime');
  return {
    operationId: newId('operation'),
    deploymentId: newId('deployment'),
    runtimeId,
    tenantId: 'acme',
    requester: { id: newId('principal'), name: 'Ada', kind: 'human' },
    create: { name, project, environment: 'production', labels: { team: 'support' } },
    agent: {
      framework: { name: 'custom' },
      image: 'runtimeai.dev/sample-agent:1.0.0',
      resources: { cpu: '100m', memory: '128Mi' },
      replicas: 2,
      env: [],
      egress: 'restricted',
      exposure: 'private',
    },
    verification: { timeout_seconds: 60, soak_seconds: 5 },
    keepFailed: false,
    liftHold: false,
    workflowId: `runtime/${runtimeId}`,
    runId: 'run-1',
    ...rest,
  };
}

/** A later deploy into the runtime of an earlier one. */
export function nextDeploy(
  first: ReturnType<typeof firstDeploy>,
  changes: Partial<DeployRuntimeInput> = {},
): ReturnType<typeof firstDeploy> {
  const { create: _, ...rest } = first;
  const ids = { operationId: newId('operation'), deploymentId: newId('deployment') };
  return { ...rest, ...ids, ...changes };
}
