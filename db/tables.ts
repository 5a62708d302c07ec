import type { ColumnType, Generated, Kysely } from 'kysely';
import type { Desired, Power, SnapshotRef } from '../domain/change.ts';
import type { HealthStatus, ObservedFacts, RuntimeStatus } from '../domain/health.ts';
import type { ActionPlan, IntentRequest, IntentVerdict } from '../domain/planner.ts';
import type { Footprint } from '../domain/policy.ts';
import type { Reservation } from '../domain/rules/quota.ts';
import type { Phase } from '../domain/rules/runtime-state.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { Capability, Hold, Runtime, RuntimeSpec, RuntimeType } from '../domain/runtime.ts';
import type { Environment, SlotQuota } from '../domain/tenant.ts';
import type {
  AuditCheckpoints,
  AuditLeaves,
  AuditNodes,
  AuditRecords,
  AuditStreams,
} from './audit-tables.ts';
import type {
  ApiKeys,
  ApprovalDecisions,
  Approvals,
  Delegations,
  Logins,
  Policies,
  PolicyDecisions,
  PolicyVersions,
  Principals,
  RoleGrants,
} from './governance-tables.ts';
import type {
  DeploymentDetails,
  Deployments,
  EventSequences,
  Events,
  IdempotencyKeys,
  Operations,
} from './operation-tables.ts';

/** A jsonb column: read parsed, written as text (`JSON.stringify`), because pg would make an SQL array of a list. */
export type Json<T> = ColumnType<T, string, string>;
export type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** The tenant of the transaction fills it in. */
export interface OfTenant {
  tenant_id: Generated<string>;
}

interface Tenants extends OfTenant {
  name: string | null;
  /** Every tenant above this one, the nearest first. */
  ancestors: Generated<string[]>;
  created_at: Generated<Date>;
}

interface Projects extends OfTenant {
  name: string;
  quota: Json<SlotQuota>;
  created_at: Generated<Date>;
  /** Counts every change; the ETag. */
  version: Generated<number>;
  updated_at: Date | null;
}

interface Runtimes extends OfTenant {
  id: string;
  name: string;
  project: string;
  environment: Environment;
  labels: Json<Record<string, string>>;
  spec: Json<RuntimeSpec>;
  phase: Phase;
  type: Generated<RuntimeType>;
  /** Name of the adapter. */
  backend: Generated<string>;
  /** Which pods its namespace lets in. */
  pod_security: Generated<PodSecurity>;
  power: Generated<Power>;
  /** Counts every change of the spec, the power or the labels; the ETag. */
  version: Generated<number>;
  /** Who detached the observer and when; nothing while it watches. */
  observer_detached: OptionalJson<{ by: string; at: string }>;
  deleted_at: Date | null;
  /** What the version that runs holds of the project's quota. */
  cpu_milli: Generated<number>;
  memory_mib: Generated<number>;
  pods: Generated<number>;
  /** What the deployment under way asks for; nothing when none is. */
  asked_cpu_milli: Generated<number>;
  asked_memory_mib: Generated<number>;
  asked_pods: Generated<number>;
  footprint: OptionalJson<Footprint>;
  asked_footprint: OptionalJson<Footprint>;
  operation_id: string;
  verified_deployment_id: string | null;
  verified_operation_id: string | null;
  verified_revision: number | null;
  /** What the verified revision is when a change made it; nothing when a deploy did. */
  verified_state: OptionalJson<Desired & Reservation>;
  known_revision: Generated<number>;
  hold: OptionalJson<Hold>;
  created_at: Generated<Date>;
  updated_at: Date | null;
}

interface RuntimeHealth extends OfTenant {
  runtime_id: string;
  status: HealthStatus;
  ready_pods: number;
  total_pods: number;
  reason: string;
  facts: OptionalJson<ObservedFacts>;
  signals: ColumnType<RuntimeStatus['signals'], string | undefined, string>;
  /** The backend's own finer word. */
  phase: string | null;
  observed_at: Date;
}

interface Snapshots extends OfTenant {
  id: string;
  runtime_id: string;
  name: string;
  description: string | null;
  status: 'creating' | 'ready' | 'failed' | 'deleted';
  ref: OptionalJson<SnapshotRef>;
  contents: ColumnType<string[], string | undefined, string>;
  operation_id: string;
  created_at: Generated<Date>;
  ready_at: Date | null;
}

interface Intents extends OfTenant {
  id: string;
  runtime_id: string;
  operation_id: string;
  request: Json<IntentRequest>;
  plan: Json<ActionPlan>;
  /** What the policies said to each of its actions. */
  verdicts: Json<IntentVerdict[]>;
  /** What was observed when it was planned. */
  before: OptionalJson<ObservedBefore>;
  created_at: Generated<Date>;
}

/** What is compared with how the runtime is after an intent. */
export interface ObservedBefore {
  readonly status: HealthStatus;
  readonly signals: RuntimeStatus['signals'];
}

interface RuntimeKinds {
  /** Name of the adapter. */
  name: string;
  type: RuntimeType;
  backend: Runtime['backend']['kind'];
  capabilities: Json<Capability[]>;
  pod_security: Generated<PodSecurity>;
  missing: Json<{ what: string; install: string }[]>;
  /** Capabilities that the cluster cannot serve now, and why. */
  limits: ColumnType<Partial<Record<Capability, string>>, string | undefined, string>;
  /** Order of registration: the first of a type is its default. */
  position: Generated<number>;
  checked_at: Generated<Date>;
}

interface ObserverHeartbeats {
  name: string;
  observed_at: Date;
}

/** The tables that belong to no tenant. */
export interface GlobalTables {
  runtime_kinds: RuntimeKinds;
  observer_heartbeats: ObserverHeartbeats;
  audit_streams: AuditStreams;
}

/** Every table the application sees within one tenant. */
export interface Tables extends GlobalTables {
  tenants: Tenants;
  projects: Projects;
  api_keys: ApiKeys;
  policies: Policies;
  runtimes: Runtimes;
  deployments: Deployments;
  deployment_details: DeploymentDetails;
  operations: Operations;
  approvals: Approvals;
  approval_decisions: ApprovalDecisions;
  event_sequences: EventSequences;
  events: Events;
  idempotency_keys: IdempotencyKeys;
  runtime_health: RuntimeHealth;
  snapshots: Snapshots;
  intents: Intents;
  principals: Principals;
  logins: Logins;
  role_grants: RoleGrants;
  delegations: Delegations;
  policy_versions: PolicyVersions;
  policy_decisions: PolicyDecisions;
  audit_records: AuditRecords;
  audit_leaves: AuditLeaves;
  audit_nodes: AuditNodes;
  audit_checkpoints: AuditCheckpoints;
}

/** SQL within one tenant; row-level security shows nothing of any other. */
export type TenantSql = Kysely<Tables>;
/** SQL without a tenant; of the tenants' tables it sees no row. */
export type GlobalSql = Kysely<GlobalTables>;
