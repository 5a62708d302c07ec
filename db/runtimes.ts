import { type SqlBool, sql } from 'kysely';
import { AGENT_PORT } from '../domain/agent-config.ts';
import { profilesOf } from '../domain/rules/agent-profiles.ts';
import { currentHealth, type Phase, runtimeState, waysToBe } from '../domain/rules/runtime-state.ts';
import { namespaceOf } from '../domain/rules/slot.ts';
import type { Capability, Runtime, RuntimeSpec, RuntimeState, RuntimeType } from '../domain/runtime.ts';
import type { Environment } from '../domain/tenant.ts';
import { OBSERVER_AGE, OBSERVER_NAME } from './health.ts';
import { type Page, type PageRequest, pageOf, rowsToRead, startOf } from './page.ts';
import type { TenantSql } from './tables.ts';

/** Age at which what the observer saw no longer counts. */
interface Freshness {
  readonly maxAgeSeconds: number;
}

export interface RuntimeFilter {
  readonly type?: RuntimeType | undefined;
  readonly state?: RuntimeState | undefined;
  readonly project?: string | undefined;
  readonly environment?: Environment | undefined;
}

/** One runtime, its state derived from phase, health and the age of the observation. */
export async function findRuntime(
  db: TenantSql,
  { runtimeId, maxAgeSeconds }: { runtimeId: string } & Freshness,
): Promise<Runtime | undefined> {
  const row = await runtimeRows(db).where('r.id', '=', runtimeId).executeTakeFirst();
  return row && toRuntime(row, maxAgeSeconds);
}

/** The tenant's runtimes, newest first; deleted ones only when that state is asked for. */
export async function listRuntimes(
  db: TenantSql,
  { filter = {}, maxAgeSeconds, ...page }: { filter?: RuntimeFilter } & Freshness & PageRequest,
): Promise<Page<Runtime>> {
  const query = ['runtimes', filter.type, filter.state, filter.project, filter.environment];
  const after = startOf(page, query);
  let rows = runtimeRows(db).orderBy('r.id', 'desc').limit(rowsToRead(page));
  if (after !== undefined) rows = rows.where('r.id', '<', after);
  if (filter.project !== undefined) rows = rows.where('r.project', '=', filter.project);
  if (filter.environment !== undefined) rows = rows.where('r.environment', '=', filter.environment);
  if (filter.type !== undefined) rows = rows.where('r.type', '=', filter.type);
  rows =
    filter.state === undefined
      ? rows.where('r.phase', '<>', 'deleted')
      : rows.where(isInState(filter.state, maxAgeSeconds));
  const runtimes = (await rows.execute()).map(row => toRuntime(row, maxAgeSeconds));
  return pageOf(runtimes, { request: page, query });
}

function runtimeRows(db: TenantSql) {
  return db
    .selectFrom('runtimes as r')
    .leftJoin('runtime_health as h', 'h.runtime_id', 'r.id')
    .leftJoin('runtime_kinds as k', 'k.name', 'r.backend')
    .leftJoin('observer_heartbeats as b', join => join.on('b.name', '=', OBSERVER_NAME))
    .select(['r.id', 'r.tenant_id', 'r.name', 'r.project', 'r.environment', 'r.labels', 'r.spec', 'r.phase'])
    .select(['r.type', 'r.backend', 'r.pod_security', 'r.power', 'r.version'])
    .select(['k.backend as backend_kind', 'k.capabilities'])
    .select(['r.verified_deployment_id', 'r.operation_id', 'r.hold', 'r.created_at', 'r.updated_at'])
    .select(['h.status', OBSERVER_AGE.as('age')]);
}

type RuntimeRow = Awaited<ReturnType<ReturnType<typeof runtimeRows>['execute']>>[number];

function toRuntime(row: RuntimeRow, maxAgeSeconds: number): Runtime {
  const namespace = namespaceOf(row.tenant_id, row.project, row.pod_security);
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    state: runtimeState(row.phase, currentHealth({ status: row.status, ageSeconds: row.age, maxAgeSeconds })),
    tenant_id: row.tenant_id,
    project: row.project,
    environment: row.environment,
    labels: row.labels,
    power: row.power,
    capabilities: row.capabilities ?? UNCHECKED[row.type].capabilities,
    backend: { kind: row.backend_kind ?? UNCHECKED[row.type].kind, ref: `${namespace}/${row.name}` },
    spec: withProfiles(row.spec),
    endpoints: endpointsOf(row, namespace),
    verified_deployment_id: row.verified_deployment_id,
    hold: row.hold,
    operation_id: row.operation_id,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at?.toISOString() ?? null,
    version: row.version,
  };
}

const WITHOUT_SERVICE: readonly Phase[] = ['not_installed', 'install_failed', 'installing', 'deleted'];

function endpointsOf({ type, name, phase }: RuntimeRow, namespace: string): string[] {
  if (type !== 'agent_runtime' || WITHOUT_SERVICE.includes(phase)) return [];
  return [`http://${name}.${namespace}.svc:${AGENT_PORT}`];
}

/** What is said of a runtime whose adapter no cluster worker has reported (yet, or any more): nothing it may not be able to do. */
const UNCHECKED: Readonly<
  Record<RuntimeType, { kind: Runtime['backend']['kind']; capabilities: Capability[] }>
> = {
  agent_runtime: { kind: 'k8s_backend', capabilities: ['deploy', 'rollback'] },
  sandbox: { kind: 'k8s_backend', capabilities: [] },
  vcluster: { kind: 'vcluster_backend', capabilities: [] },
  vm: { kind: 'vm_backend', capabilities: [] },
};

/** An agent is kept as one thing and shown with the contract's profiles beside it. */
function withProfiles(spec: RuntimeSpec): RuntimeSpec {
  return spec.agent ? { ...profilesOf(spec.agent), ...spec } : spec;
}

// The same judgement as `toRuntime`, turned round so that the database can filter before it pages.
function isInState(state: RuntimeState, maxAgeSeconds: number) {
  const health = sql`case when ${OBSERVER_AGE} <= ${maxAgeSeconds}::float8 then coalesce(h.status, 'unknown') else 'unknown' end`;
  const ways = waysToBe(state).map(way => `${way.phase}/${way.health}`);
  return sql<SqlBool>`r.phase || '/' || (${health}) = any(${ways}::text[])`;
}
