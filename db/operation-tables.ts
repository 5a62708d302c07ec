import type { ColumnType, Generated } from 'kysely';
import type { AgentConfig } from '../domain/agent-config.ts';
import type {
  Admission,
  Deployment,
  Evidence,
  Plan,
  RolloutReport,
  Verification,
} from '../domain/deployment.ts';
import type { Event } from '../domain/event.ts';
import type { Operation, OperationError, OperationStep, Outcome, Stage } from '../domain/operation.ts';
import type { PolicyVerdict } from '../domain/policy.ts';
import type { Environment } from '../domain/tenant.ts';
import type { Json, OfTenant, OptionalJson } from './tables.ts';

export interface Deployments extends OfTenant {
  id: string;
  runtime_id: string;
  operation_id: string;
  stage: Stage;
  outcome: Outcome | null;
  agent: Json<AgentConfig>;
  verification: Json<Verification>;
  policy: OptionalJson<Deployment['policy']>;
  cpu_milli: number;
  memory_mib: number;
  pods: number;
  base_revision: number | null;
  revision: number | null;
  restored_revision: number | null;
  verified: Generated<boolean>;
  verdict: OptionalJson<RolloutReport>;
  error: OptionalJson<OperationError>;
  requested_by: string;
  requester_id: string;
  requester_kind: 'human' | 'agent' | 'system';
  comment: string | null;
  created_at: Generated<Date>;
  finished_at: Date | null;
}

export interface DeploymentDetails extends OfTenant {
  deployment_id: string;
  plan: OptionalJson<Plan>;
  evidence: OptionalJson<Evidence>;
}

export interface Operations extends OfTenant {
  id: string;
  kind: Operation['kind'];
  stage: Stage;
  stage_since: Generated<Date>;
  outcome: Outcome | null;
  project: string;
  environment: Environment;
  runtime_id: string | null;
  deployment_id: string | null;
  approval_id: string | null;
  requested_by: string;
  requester_id: string;
  waits_for: string | null;
  message: string | null;
  error: OptionalJson<OperationError>;
  workflow_id: string;
  run_id: string;
  /** What came of each step, in order. */
  steps: ColumnType<OperationStep[], string | undefined, string>;
  /** What was asked for, where the operation is no deploy. */
  request: OptionalJson<Record<string, unknown>>;
  /** The answer of admission, given again word for word when the question is repeated. */
  admission: Json<Admission>;
  /** What the policies said last. */
  verdict: OptionalJson<PolicyVerdict>;
  on_behalf_of: string | null;
  created_at: Generated<Date>;
  finished_at: Date | null;
}

export interface EventSequences extends OfTenant {
  runtime_id: string;
  last: number;
}

export interface Events extends OfTenant {
  runtime_id: string;
  sequence: number;
  id: string;
  type: string;
  severity: Event['severity'];
  actor: Event['actor'];
  principal: string | null;
  operation_id: string | null;
  step: number | null;
  message: string;
  data: Json<Record<string, unknown>>;
  ts: Generated<Date>;
}

export interface IdempotencyKeys extends OfTenant {
  principal_id: string;
  key: string;
  route: string;
  body_hash: string;
  /** The ids the command got; keys of an earlier release have the three columns instead. */
  ids: OptionalJson<Record<string, string>>;
  operation_id: string | null;
  deployment_id: string | null;
  runtime_id: string | null;
  created_at: Generated<Date>;
}
