import type { Database } from '../../db/database.ts';
import type { Approval, ApprovalCard, Decision } from '../../domain/approval.ts';
import { newId } from '../../domain/ids.ts';
import type { ApprovalDemand } from '../../domain/policy.ts';

export interface ApprovalWish {
  readonly tenantId: string;
  readonly runtimeId: string;
  /** One is made when left out. */
  readonly operationId?: string;
  readonly requester: { readonly id: string; readonly personId?: string };
  readonly demands?: readonly Partial<ApprovalDemand>[];
  readonly status?: Approval['status'];
  readonly expiresInSeconds?: number;
  readonly card?: Partial<ApprovalCard>;
  readonly difference?: string;
}

/** Writes an approval, and an operation that waits for it unless there is one; answers the approval’s id. */
export async function insertApproval(db: Pick<Database, 'inTenant'>, wish: ApprovalWish): Promise<string> {
  const { tenantId, runtimeId, requester, demands = [{}], status = 'open' } = wish;
  const { operationId = newId('operation') } = wish;
  const approvalId = newId('approval');
  const all = demands.map(each => ({ ...ANYBODY, ...each }));
  const by = { requested_by: 'rosa', requester_id: requester.id };
  await db.inTenant(tenantId, async sql => {
    const place = { runtime_id: runtimeId, project: 'default', environment: 'production' } as const;
    const run = { workflow_id: `runtime/${runtimeId}`, run_id: 'run-1', admission: '{}' };
    await sql
      .insertInto('operations')
      .values({ id: operationId, kind: 'deploy', stage: 'awaiting_approval', ...by, ...place, ...run })
      .onConflict(conflict => conflict.doNothing())
      .execute();
    await sql
      .insertInto('approvals')
      .values({
        id: approvalId,
        operation_id: operationId,
        runtime_id: runtimeId,
        status,
        reason: 'production needs a second pair of eyes',
        quorum: Math.max(...all.map(({ quorum }) => quorum)),
        ...by,
        requester_person: requester.personId ?? requester.id,
        demands: JSON.stringify(all),
        digest: 'd'.repeat(64),
        shown: '{}',
        card: JSON.stringify({ ...CARD, ...wish.card }),
        difference: wish.difference ?? null,
        expires_at: new Date(Date.now() + (wish.expiresInSeconds ?? 3600) * 1000),
      })
      .execute();
  });
  return approvalId;
}

/** Writes somebody's answer to an approval. */
export async function insertDecision(
  db: Pick<Database, 'inTenant'>,
  given: {
    readonly tenantId: string;
    readonly approvalId: string;
    readonly by: { readonly id: string; readonly name: string };
    readonly inPlaceOf?: { readonly id: string; readonly name: string };
    readonly decision?: Decision['decision'];
    readonly withdrawn?: boolean;
  },
): Promise<void> {
  const { tenantId, approvalId, by, inPlaceOf, decision = 'approve', withdrawn = false } = given;
  await db.inTenant(tenantId, sql =>
    sql
      .insertInto('approval_decisions')
      .values({
        approval_id: approvalId,
        principal_id: by.id,
        person_id: by.id,
        decided_by: by.name,
        for_id: inPlaceOf?.id ?? null,
        for_name: inPlaceOf?.name ?? null,
        decision,
        comment: 'as agreed',
        decided_at: new Date(),
        withdrawn_at: withdrawn ? new Date() : null,
      })
      .execute(),
  );
}

const ANYBODY: ApprovalDemand = {
  quorum: 1,
  roles: [],
  groups: [],
  acr: [],
  because: 'production needs a second pair of eyes',
};

const CARD: ApprovalCard = {
  title: 'deploy shop:1.5.0 into checkout (production, default)',
  changes: [
    {
      kind: 'Deployment',
      name: 'checkout',
      change: 'update',
      diff: '-  image: shop:1.4.0\n+  image: shop:1.5.0\n',
    },
    { kind: 'Service', name: 'checkout', change: 'unchanged', diff: '' },
  ],
  summary: { create: 0, update: 1, unchanged: 1, remove: 0 },
  steps: [],
  target: { namespace: 'default', runtime: 'checkout' },
  chart: 'agent-runtime 1.0.0',
  risk: { level: 'medium', reasons: ['it is in production'] },
  cost: { before: 10, after: 25.5, tenant: 0, project: 0, environment: 0, unit: 'EUR' },
  evidence: ['healthy for 3 days'],
  requested_by: 'rosa',
  on_behalf_of: null,
  comment: 'the summer sale',
};
