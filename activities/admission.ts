import {
  type AdmissionFacts,
  type AdmittedDeployment,
  type KnownRuntime,
  writeAdmitted,
  writeRejected,
} from '../db/admission.ts';
import type { PolicyDecision } from '../db/policy-decisions.ts';
import type { TenantSql } from '../db/tables.ts';
import type {
  Admission,
  AdmissionRefusal,
  DeployRuntimeInput,
  ReleaseTarget,
  VerifiedRevision,
} from '../domain/deployment.ts';
import type { PolicyVerdict } from '../domain/policy.ts';
import { footprintOf } from '../domain/rules/footprint.ts';
import type { Prices } from '../domain/rules/prices.ts';
import { exceededQuota, reservationOf } from '../domain/rules/quota.ts';
import { runtimeState } from '../domain/rules/runtime-state.ts';
import { namespaceOf } from '../domain/rules/slot.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { judge } from '../policy/judge.ts';
import { questionOf } from '../policy/question.ts';
import { begunRecord, deniedRecord } from './auditing.ts';
import { reachOf } from './reach.ts';

/** A deploy that asks to begin, and all that is known about it. */
export interface AdmissionCase {
  readonly input: DeployRuntimeInput & { readonly workflowId: string; readonly runId: string };
  readonly facts: AdmissionFacts;
  readonly hasGovernance: boolean;
  readonly defaultQuota: SlotQuota;
  readonly prices: Prices;
}

type Refused = Extract<Admission, { admitted: false }>;
type Place = Pick<KnownRuntime, 'name' | 'project' | 'environment' | 'labels'>;

/** Judges the case and writes what follows from it: nothing, a rejected operation, or the beginning of a deploy. */
export async function admit(db: TenantSql, asked: AdmissionCase): Promise<Admission> {
  const place = asked.facts.runtime ?? asked.input.create;
  if (place === undefined) return notFound(asked);
  const decision = judgeDeploy(asked, place);
  if (decision.verdict.answer === 'deny') return reject(db, { asked, place, decision });
  const quota = asked.facts.quota ?? asked.defaultQuota;
  const refusal = obstacle(asked, { place, quota });
  if (refusal) return refusal;
  const admitted = admittedDeployment(asked, { place, quota, decision });
  await writeAdmitted(db, admitted);
  return admitted.answer;
}

function judgeDeploy({ input, facts, prices }: AdmissionCase, place: Place): PolicyDecision {
  const { runtime, policies, holdings } = facts;
  const question = questionOf({
    action: holdsSomething(runtime) ? 'deploy.upgrade' : 'deploy.install',
    tenantId: input.tenantId,
    place: { project: place.project, environment: place.environment },
    runtime: {
      id: runtime ? input.runtimeId : null,
      name: place.name,
      type: 'agent_runtime',
      labels: { ...place.labels },
      lifecycle: runtime ? runtimeState(runtime.phase, runtime.health ?? 'unknown') : 'new',
    },
    requester: input.requester,
    before: holdsSomething(runtime) ? (runtime?.spec ?? null) : null,
    desired: { agent: input.agent },
    holdings,
    prices,
    now: new Date(),
  });
  return { step: 0, question, verdict: judge(question, policies) };
}

function holdsSomething(runtime: KnownRuntime | null): boolean {
  return runtime !== null && runtime.phase !== 'not_installed' && runtime.phase !== 'install_failed';
}

function obstacle(
  asked: AdmissionCase,
  { place, quota }: { place: Place; quota: SlotQuota },
): Refused | undefined {
  const { input, facts, hasGovernance } = asked;
  const past = facts.runtime && notAsItWas(input, facts.runtime);
  if (past) return past;
  const hold = facts.runtime?.hold;
  if (hold && !input.liftHold) {
    const reason = `Runtime ${input.runtimeId} holds since ${hold.since}: ${hold.reason}. Send lift_hold: true to deploy all the same.`;
    return refuse('runtime_on_hold', reason);
  }
  if (input.create && (facts.namesake !== null || facts.runtime !== null)) return nameTaken(asked, place);
  if (!hasGovernance) {
    const reason =
      'The platform’s governed endpoints (LLM, guardrails, sandbox, data access, OpenTelemetry) are not all set, and no agent runs without them. Ask the operator to set them; docs/configuration.md lists them.';
    return refuse('governance_settings_missing', reason);
  }
  const excess = exceededQuota({ quota, used: facts.used, wanted: reservationOf(input.agent) });
  if (excess === undefined) return undefined;
  return refuse('quota_exceeded', noRoom({ project: place.project, tenant: input.tenantId, excess }));
}

function notAsItWas(
  { runtimeId, ifVersions }: DeployRuntimeInput,
  runtime: KnownRuntime,
): Refused | undefined {
  const { phase, version } = runtime;
  if (phase === 'deleted')
    return refuse('runtime_deleted', `Runtime ${runtimeId} is deleted; only its history is left.`);
  if (!ifVersions || ifVersions.includes(version)) return undefined;
  const reason = `Runtime ${runtimeId} has version ${version} by now; If-Match named ${ifVersions.join(', ') || 'none of its versions'}. Read it again and decide anew.`;
  return refuse('precondition_failed', reason);
}

function noRoom({ project, tenant, excess }: { project: string; tenant: string; excess: string }): string {
  const command = `npm run admin -- project quota --tenant ${tenant} --project ${project}`;
  return `Project ${project} of tenant ${tenant} has no room: ${excess}. Ask for less, or have the quota raised (${command}).`;
}

function nameTaken({ input, facts }: AdmissionCase, place: Place): Refused {
  const other = facts.namesake ?? input.runtimeId;
  const reason = `Project ${place.project} has a runtime named ${input.create?.name} already: ${other}. Take another name, or deploy into it with POST /v1/runtimes/${other}/deployments.`;
  return refuse('name_taken', reason);
}

function notFound({ input }: AdmissionCase): Refused {
  return refuse('runtime_not_found', `There is no runtime ${input.runtimeId}.`);
}

async function reject(
  db: TenantSql,
  { asked, place, decision }: { asked: AdmissionCase; place: Place; decision: PolicyDecision },
): Promise<Refused> {
  const { input, facts } = asked;
  const { verdict } = decision;
  const { reason } = verdict;
  const { operationId, requester, workflowId, runId } = input;
  const { project, environment } = place;
  const answer = refuse('policy_denied', reason);
  const event = {
    type: 'deploy.rejected',
    severity: 'warning',
    actor: requester.kind,
    principal: requester.id,
    operationId,
    message: `${requester.name} asked for a deploy and policy said no: ${reason}`,
    audit: deniedRecord(input, { kind: 'deploy', ...place, verdict }),
  } as const;
  const runtimeId = facts.runtime ? input.runtimeId : null;
  const operation = { operationId, requester, project, environment, workflowId, runId, runtimeId };
  await writeRejected(db, {
    ...operation,
    policy: verdict,
    policies: facts.policies,
    decision,
    answer,
    event,
  });
  return answer;
}

function admittedDeployment(
  { input, facts }: AdmissionCase,
  { place, quota, decision }: { place: Place; quota: SlotQuota; decision: PolicyDecision },
): AdmittedDeployment {
  const { create, agent } = input;
  const { verdict: policy } = decision;
  const verified = verifiedRevision(facts.runtime);
  const knownRevision = facts.runtime?.knownRevision ?? 0;
  return {
    ...input,
    project: place.project,
    environment: place.environment,
    create,
    stage: 'preparing',
    quota,
    reservation: reservationOf(agent),
    footprint: footprintOf('agent_runtime', { agent }),
    policy,
    policies: facts.policies,
    decision,
    answer: {
      admitted: true,
      target: targetOf(input, place, policy),
      quota,
      policy,
      knownRevision,
      ...(verified ? { verified } : {}),
    },
    event: firstEvent(input, place, policy),
  };
}

function firstEvent(
  input: AdmissionCase['input'],
  place: Place,
  verdict: PolicyVerdict,
): AdmittedDeployment['event'] {
  const { requester, operationId, deploymentId, agent } = input;
  const { image } = agent;
  return {
    type: 'deploy.preparing',
    severity: 'info',
    actor: requester.kind,
    principal: requester.id,
    operationId,
    message: `${requester.name} asked to deploy ${image}: ${verdict.reason}`,
    data: { deployment_id: deploymentId, image, policy: verdict.policy },
    audit: begunRecord(input, { kind: 'deploy', ...place, verdict, details: { image } }),
  };
}

function targetOf(
  { tenantId, runtimeId }: DeployRuntimeInput,
  { name, project, environment }: Place,
  policy: PolicyVerdict,
): ReleaseTarget {
  const namespace = namespaceOf(tenantId, project);
  const target = { runtimeId, runtimeName: name, tenantId, project, environment, namespace, release: name };
  const egress = reachOf(policy);
  return egress ? { ...target, egress } : target;
}

function verifiedRevision(runtime: KnownRuntime | null): VerifiedRevision | undefined {
  if (!runtime?.verifiedRevision || !runtime.verifiedOperationId || !runtime.verifiedDeploymentId) {
    return undefined;
  }
  const { verifiedRevision: revision, verifiedOperationId, verifiedDeploymentId } = runtime;
  return { revision, operationId: verifiedOperationId, deploymentId: verifiedDeploymentId };
}

function refuse(code: AdmissionRefusal, reason: string): Refused {
  return { admitted: false, code, reason };
}
