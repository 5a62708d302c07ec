import type { AdmittedDeployment } from '../../db/admission.ts';
import { writeAdmitted } from '../../db/admission.ts';
import type { Database } from '../../db/database.ts';
import type { NewAuditRecord } from '../../domain/audit.ts';
import { newId } from '../../domain/ids.ts';
import { judge } from '../../policy/judge.ts';
import { allow, policyOf, questionFor } from '../builders/policies.ts';
import { firstDeploy } from '../tenants.ts';
import { importUnaudited } from './unaudited/importing.ts';

/** How long one kind of write took with its audit record, and without. */
export interface AuditedWrite {
  readonly what: string;
  readonly withMs: readonly number[];
  readonly withoutMs: readonly number[];
}

/** One write, done with its audit record or without; `turn` tells it from others. */
export type Write = (turn: number) => Promise<unknown>;

/** Both in turn, each the first every other time, after some that are not counted. */
export async function inTurns(
  what: string,
  { times, audited, unaudited }: { times: number; audited: Write; unaudited: Write },
): Promise<AuditedWrite> {
  const warmUp = Math.ceil(times / 10);
  const measured = { withMs: [] as number[], withoutMs: [] as number[] };
  const sides = [
    [audited, measured.withMs],
    [unaudited, measured.withoutMs],
  ] as const;
  for (let turn = 0; turn < times + warmUp; turn += 1) {
    for (const [write, ms] of turn % 2 === 0 ? sides : sides.toReversed()) {
      const started = performance.now();
      await write(turn);
      if (turn >= warmUp) ms.push(performance.now() - started);
    }
  }
  return { what, ...measured };
}

/** The one statement that admits a deploy, prepared beforehand. */
export function measureStatement(database: Database, times: number): Promise<AuditedWrite> {
  const db = database.forTenant('acme');
  const write = (audited: boolean) => {
    const admitted = Array.from({ length: times * 2 }, () => admittedDeploy(audited));
    return (turn: number) => writeAdmitted(db, admitted[turn] ?? admittedDeploy(audited));
  };
  return inTurns('the statement that admits a deploy', {
    times,
    audited: write(true),
    unaudited: write(false),
  });
}

const ROOM = { cpu: 100_000, memoryMiB: 100_000_000, pods: 100_000, storageGiB: 100_000 };
const PROJECTS = 50;

/** The whole transaction of admission as its activity runs it: read, judge, write. */
export async function measureAdmission(database: Database, times: number): Promise<AuditedWrite> {
  const admission = async (records: typeof import('../../activities/records.ts')) => {
    const activities = records.createRecordActivities({ db: database, governance: {}, defaultQuota: ROOM });
    return async (turn: number) => {
      const name = `agent-${newId('runtime').slice(-16)}`;
      const answer = await activities.admitDeployment(firstDeploy({ name, project: `p-${turn % PROJECTS}` }));
      if (!answer.admitted) throw new Error(`A deploy of the benchmark was not admitted: ${answer.reason}`);
    };
  };
  const audited = await admission(await import('../../activities/records.ts'));
  const unaudited = await admission(
    (await importUnaudited('activities/records.js')) as typeof import('../../activities/records.ts'),
  );
  return inTurns('the transaction that admits a deploy', { times, audited, unaudited });
}

/** What is told of a deploy that begins. */
export const ABOUT_A_DEPLOY: Partial<NewAuditRecord> = {
  action: 'deploy.begin',
  project: 'default',
  environment: 'production',
  reason: 'Ada asked to deploy runtimeai.dev/sample-agent:1.0.0',
  origin: { address: '10.11.12.13', request_id: 'req_6c27d8c9a7044b278a69c026' },
  policy: { digest: 'f'.repeat(64), answer: 'allow', policy: 'sample' },
  details: { image: 'runtimeai.dev/sample-agent:1.0.0' },
};

function admittedDeploy(audited: boolean): AdmittedDeployment {
  const input = firstDeploy({ name: `agent-${newId('runtime').slice(-16)}` });
  const { requester, agent, create, operationId, runtimeId, workflowId } = input;
  const question = questionFor();
  const policies = [policyOf('sample', allow())];
  const policy = judge(question, policies);
  const { id, name, kind } = requester;
  const actor = { id, name, kind, on_behalf_of: null, credential: null };
  const object = { kind: 'runtime', id: runtimeId, name: create?.name ?? null };
  const about = { actor, object, operation_id: operationId, workflow_id: workflowId };
  return {
    ...input,
    project: 'default',
    environment: 'production',
    create: { name: create?.name ?? '', labels: create?.labels ?? {} },
    stage: 'preparing',
    quota: ROOM,
    reservation: { cpuMilli: 1, memoryMiB: 1, pods: 1 },
    footprint: question.desired,
    policy,
    policies,
    decision: { step: 0, question, verdict: policy },
    answer: { admitted: false, code: 'policy_denied', reason: 'as long as an answer is' },
    event: {
      type: 'deploy.preparing',
      severity: 'info',
      actor: 'human',
      principal: id,
      operationId,
      message: `${name} asked to deploy ${agent.image}: ${policy.reason}`,
      data: { deployment_id: input.deploymentId, image: agent.image, policy: policy.policy },
      ...(audited && {
        audit: { action: 'deploy.begin', outcome: 'accepted', ...ABOUT_A_DEPLOY, ...about },
      }),
    },
  };
}
