import { createRecordActivities } from '../../activities/records.ts';
import type { Database } from '../../db/database.ts';
import { AgentConfig } from '../../domain/agent-config.ts';
import type { DeployRuntimeInput } from '../../domain/deployment.ts';
import { newId } from '../../domain/ids.ts';
import { insertApproval } from '../builders/approval-rows.ts';

/** What a tenant has after one successful install and an upgrade that waits for its approval. */
export interface Recorded {
  readonly runtimeId: string;
  readonly operationId: string;
  readonly deploymentId: string;
  readonly approvalId: string;
}

const requester = { id: 'prn_dora', name: 'dora', kind: 'human' } as const;
const agent = AgentConfig.parse({ framework: { name: 'custom' }, image: 'runtimeai.dev/sample-agent:1.0.0' });

/** Writes it as the workflow would, without one. */
export async function recordDeploys(
  database: Database,
  tenantId: string,
  { name = 'support-agent', project = 'default' }: { name?: string; project?: string } = {},
): Promise<Recorded> {
  const records = createRecordActivities({
    db: database,
    governance: {},
    defaultQuota: { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 },
  });
  const runtimeId = newId('runtime');
  const begin = async (changes: Partial<DeployRuntimeInput>) => {
    const ids = { operationId: newId('operation'), deploymentId: newId('deployment'), runtimeId, tenantId };
    const verification = { timeout_seconds: 60, soak_seconds: 0 };
    const input = { ...ids, requester, agent, verification, keepFailed: false, liftHold: false, ...changes };
    const admission = await records.admitDeployment({
      ...input,
      workflowId: `runtime/${runtimeId}`,
      runId: newId('event'),
    });
    if (!admission.admitted) throw new Error(admission.reason);
    return ids;
  };
  const create = { name, project, environment: 'production', labels: {} } as const;
  const first = await begin({ create });
  await records.recordOutcome({
    ...first,
    step: 1,
    outcome: 'succeeded',
    message: '1 of 1 pods ready',
    revision: 1,
    verified: true,
    leaves: 'new',
  });
  const { operationId, deploymentId } = await begin({});
  const approvalId = await insertApproval(database, { tenantId, runtimeId, operationId, requester });
  return { runtimeId, operationId, deploymentId, approvalId };
}
