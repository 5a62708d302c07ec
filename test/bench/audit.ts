import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { keyName } from '../../audit/checkpoint.ts';
import { noteSigner } from '../../audit/note.ts';
import { type AdmittedDeployment, writeAdmitted } from '../../db/admission.ts';
import { createAnnounced } from '../../db/announced.ts';
import { appendAudit } from '../../db/audit.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { newId } from '../../domain/ids.ts';
import { judge } from '../../policy/judge.ts';
import { createLog } from '../../process/log.ts';
import { openAnchor } from '../../workers/audit-anchor.ts';
import { startAuditSealer } from '../../workers/audit-sealer.ts';
import { auditRecord } from '../audit.ts';
import { allow, policyOf, questionFor } from '../builders/policies.ts';
import { freshDatabase, startTestServer, withClient } from '../postgres.ts';
import { firstDeploy } from '../tenants.ts';
import type { Bar } from './bars.ts';
import { median } from './statistics.ts';

/** What the audit costs a write, and how fast it is sealed. */
export interface AuditCosts {
  readonly withoutMs: readonly number[];
  readonly withMs: readonly number[];
  readonly sealing: SealingRate;
}

interface SealingRate {
  readonly seconds: number;
  /** Records written in that time, all of them sealed in the end; all writers wrote as fast as they could. */
  readonly written: number;
  /** How many of them waited when sealing began. */
  readonly backlog: number;
  readonly sealedPerSecond: number;
}

type Say = (line: string) => void;

/** Measures on a PostgreSQL of its own that waits for the disk, as in production. */
export async function measureAudit({ seconds, say }: { seconds: number; say: Say }): Promise<AuditCosts> {
  const { server, stop } = await startTestServer();
  process.env['RUNTIMEAI_TEST_POSTGRES'] = JSON.stringify(server);
  await withClient(server.superuserUrl, async client => {
    await client.query('alter system reset fsync');
    await client.query('select pg_reload_conf()');
  });
  const fresh = await freshDatabase();
  await withClient(fresh.superuserUrl, client =>
    client.query(`insert into tenants (tenant_id) values ('acme')`),
  );
  const database = await openDatabase(fresh.appUrl);
  try {
    return {
      ...(await measureWrites(database, say)),
      sealing: await measureSealing(database, { seconds, say }),
    };
  } finally {
    await database.close();
    await stop();
  }
}

/** Holds them against the bars of the design. */
export function auditBars({ withMs, withoutMs, sealing }: AuditCosts): Bar[] {
  const [audited, bare] = [median(withMs), median(withoutMs)];
  const { sealedPerSecond, backlog } = sealing;
  return [
    {
      subject: 'an admission written with its audit record, p50',
      ours: `${audited.toFixed(2)} ms`,
      beside: `${bare.toFixed(2)} ms without`,
      measured: audited / bare,
      limit: 1.15,
      unit: 'x',
      atMost: true,
    },
    {
      subject: 'audit records sealed per second, while six write',
      ours: `${sealedPerSecond.toFixed(0)}, ${backlog} waiting at first`,
      beside: '–',
      measured: sealedPerSecond,
      limit: 500,
      unit: '',
      atMost: false,
    },
  ];
}

const WRITES = 1_500;
const WARM_UP = 50;

/** The admission of a deploy as it is written, and the same without its audit record, in turn. */
async function measureWrites(
  database: Database,
  say: Say,
): Promise<Pick<AuditCosts, 'withoutMs' | 'withMs'>> {
  say(`${WRITES} admissions with and without their audit record`);
  const db = database.forTenant('acme');
  const measured = { withoutMs: [] as number[], withMs: [] as number[] };
  for (let turn = 0; turn < WRITES + WARM_UP; turn += 1) {
    for (const which of turn % 2 === 0
      ? (['withMs', 'withoutMs'] as const)
      : (['withoutMs', 'withMs'] as const)) {
      const admitted = admittedDeploy(which === 'withMs');
      const started = performance.now();
      await writeAdmitted(db, admitted);
      if (turn >= WARM_UP) measured[which].push(performance.now() - started);
    }
  }
  return measured;
}

function admittedDeploy(audited: boolean): AdmittedDeployment {
  const input = firstDeploy({ name: `agent-${newId('runtime').slice(-16)}` });
  const { operationId, deploymentId, runtimeId, requester, agent, verification, create, workflowId, runId } =
    input;
  const question = questionFor();
  const policies = [policyOf('sample', allow())];
  const policy = judge(question, policies);
  const quota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };
  return {
    operationId,
    deploymentId,
    runtimeId,
    requester,
    project: 'default',
    environment: 'production',
    create: { name: create?.name ?? '', labels: create?.labels ?? {} },
    agent,
    verification,
    workflowId,
    runId,
    stage: 'preparing',
    quota,
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
      principal: requester.id,
      operationId,
      message: `${requester.name} asked to deploy ${agent.image}: ${policy.reason}`,
      data: { deployment_id: deploymentId, image: agent.image, policy: policy.policy },
      ...(audited && {
        audit: auditRecord({ ...ABOUT_A_DEPLOY, operation_id: operationId, workflow_id: workflowId }),
      }),
    },
  };
}

const ABOUT_A_DEPLOY = {
  action: 'deploy.begin',
  project: 'default',
  environment: 'production',
  reason: 'Ada asked to deploy runtimeai.dev/sample-agent:1.0.0',
  origin: { address: '10.11.12.13', request_id: 'req_6c27d8c9a7044b278a69c026' },
  policy: { digest: 'f'.repeat(64), answer: 'allow', policy: 'sample' },
  details: { image: 'runtimeai.dev/sample-agent:1.0.0' },
};

const WRITERS = 6;

/** Writers that never rest: alone for half the time, then with a sealer that has to catch up with them. */
async function measureSealing(
  database: Database,
  { seconds, say }: { seconds: number; say: Say },
): Promise<SealingRate> {
  say(`${seconds} s of writing, the second half with sealing`);
  const folder = mkdtempSync(join(tmpdir(), 'runtimeai-bench-anchor-'));
  const db = database.forTenant('acme');
  const until = performance.now() + seconds * 1000;
  let written = 0;
  const writer = async () => {
    for (; performance.now() < until; written += 1) await appendAudit(db, auditRecord(ABOUT_A_DEPLOY));
  };
  const writers = Promise.all(Array.from({ length: WRITERS }, writer));
  await later(seconds * 500);
  const backlog = written;
  const started = performance.now();
  const sealer = startSealer(database, folder);
  await writers;
  while ((await unsealed(database)) > 0) await later(20);
  const sealedPerSecond = written / ((performance.now() - started) / 1000);
  await sealer.stop();
  rmSync(folder, { recursive: true, force: true });
  return { seconds, written, backlog, sealedPerSecond };
}

function startSealer(database: Database, folder: string) {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return startAuditSealer({
    database,
    announced: createAnnounced(),
    log: createLog('bench', 'error'),
    registry: new Registry(),
    signer: noteSigner(keyName('bench'), pem),
    anchor: openAnchor(folder),
    gatherMs: 100,
    sweepMs: 100,
  });
}

async function unsealed(database: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select ((select count(*) from audit_records) - (select count(*) from audit_leaves))::float8 as count
  `.execute(database.forTenant('acme'));
  return rows[0]?.count ?? 0;
}

function later(ms: number): Promise<true> {
  return new Promise(resolve => setTimeout(resolve, ms, true));
}
