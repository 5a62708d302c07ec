import type { Generated } from 'kysely';
import type { Approval, ApprovalCard, Decision } from '../domain/approval.ts';
import type {
  ApprovalDemand,
  Enforcement,
  PolicyQuestion,
  PolicyRule,
  PolicyVerdict,
} from '../domain/policy.ts';
import type { Permission, Role } from '../domain/principal.ts';
import type { Environment } from '../domain/tenant.ts';
import type { Json, OfTenant } from './tables.ts';

export interface ApiKeys extends OfTenant {
  key_id: string;
  secret_hash: Buffer;
  principal_id: string;
  name: string;
  /** What the key is limited to; nothing is without limit. */
  scopes: Permission[] | null;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
  /** The key in whose place this one was made. */
  replaces: string | null;
  created_by: string | null;
  created_at: Generated<Date>;
}

export interface Principals extends OfTenant {
  id: string;
  name: string;
  kind: 'human' | 'agent';
  /** Of an agent: the person answerable for it. */
  owner_id: string | null;
  /** Of an agent: in whose place it may act. */
  may_act_for: Generated<string[]>;
  /** What the token it showed last claims, by the installation's mapping. */
  claimed_roles: Generated<Role[]>;
  /** When that token was issued. */
  claimed_at: Date | null;
  groups: Generated<string[]>;
  disabled_at: Date | null;
  last_seen_at: Date | null;
  /** Counts every change of what an administrator sets; the ETag. */
  version: Generated<number>;
  created_at: Generated<Date>;
}

export interface Logins extends OfTenant {
  issuer: string;
  subject: string;
  principal_id: string;
  created_at: Generated<Date>;
}

export interface RoleGrants extends OfTenant {
  principal_id: string;
  role: Role;
  /** Nothing: in all projects. */
  project: string | null;
  granted_by: string | null;
  created_at: Generated<Date>;
}

export interface Delegations extends OfTenant {
  id: string;
  from_id: string;
  to_id: string;
  until: Date;
  reason: string | null;
  created_at: Generated<Date>;
  revoked_at: Date | null;
}

export interface Policies extends OfTenant {
  id: string;
  name: string;
  position: number;
  scope_env: Environment | null;
  rules: Json<PolicyRule[]>;
  version: Generated<number>;
  mode: Generated<Enforcement>;
  created_at: Generated<Date>;
  updated_at: Date | null;
}

export interface PolicyVersions extends OfTenant {
  policy_id: string;
  version: number;
  name: string;
  scope_env: Environment | null;
  mode: Enforcement;
  rules: Json<PolicyRule[]>;
  removed: Generated<boolean>;
  changed_by: string | null;
  changed_at: Generated<Date>;
}

export interface PolicyDecisions extends OfTenant {
  id: string;
  operation_id: string | null;
  runtime_id: string | null;
  /** `admission`: when it was asked for; `clearance`: right before it acted. */
  moment: 'admission' | 'clearance';
  /** Position in the operation's list of steps, from 0. */
  step: Generated<number>;
  question: Json<PolicyQuestion>;
  verdict: Json<PolicyVerdict>;
  /** Ids and versions of the policies judged by. */
  policies: Json<{ id: string; version: number }[]>;
  digest: string;
  decided_at: Generated<Date>;
}

export interface Approvals extends OfTenant {
  id: string;
  operation_id: string;
  runtime_id: string;
  deployment_id: string | null;
  status: Approval['status'];
  reason: string;
  quorum: number;
  requested_by: string;
  requester_id: string;
  requester_person: string | null;
  demands: Json<ApprovalDemand[]>;
  digest: string;
  card: Json<ApprovalCard>;
  /** What each part of what is shown hashes to. */
  shown: Json<Record<string, string>>;
  supersedes: string | null;
  difference: string | null;
  expires_at: Date;
  created_at: Generated<Date>;
  closed_at: Date | null;
}

export interface ApprovalDecisions extends OfTenant {
  approval_id: string;
  principal_id: string;
  decided_by: string;
  decision: Decision['decision'];
  comment: string | null;
  decided_at: Date;
  person_id: string | null;
  /** Who had delegated the decision to them. */
  for_id: string | null;
  for_name: string | null;
  acr: string | null;
  withdrawn_at: Date | null;
}
