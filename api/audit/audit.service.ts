import { appendAudit } from '../../db/audit.ts';
import { type KeptCheckpoint, pageOfCheckpoints } from '../../db/audit-checkpoints.ts';
import { exportLines } from '../../db/audit-export.ts';
import { findProof } from '../../db/audit-proof.ts';
import { findAuditRecord, pageOfAudit } from '../../db/audit-queries.ts';
import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import type { AuditRecord } from '../../domain/audit.ts';
import type { Principal } from '../../domain/principal.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import type { AuditCheckpoint, AuditExportQuery, AuditListQuery, AuditProof } from './audit.schemas.ts';

interface AuditParts {
  /** As requests have it. */
  readonly database: Pick<Database, 'forTenant'>;
  /** For an export, which goes on when the call that began it has ended. */
  readonly streams: Pick<Database, 'forTenant'>;
}

/** The audit of the caller’s tenant. */
export class AuditService {
  readonly #parts: AuditParts;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  async list({ tenantId }: Principal, query: AuditListQuery) {
    const { page_size, page_token, since, until, object_kind, operation_id, ...words } = query;
    const page = await pageOfAudit(this.#parts.database.forTenant(tenantId), {
      query: {
        ...words,
        objectKind: object_kind,
        operationId: operation_id,
        ...periodOf({ since, until }),
      },
      page: pageRequest({ page_size, page_token }),
    });
    return pageAnswer(page);
  }

  async read({ tenantId }: Principal, auditId: string): Promise<AuditRecord> {
    const record = await findAuditRecord(this.#parts.database.forTenant(tenantId), auditId);
    if (!record) throw notFound('audit', auditId);
    return record;
  }

  async prove(caller: Principal, auditId: string): Promise<AuditProof> {
    await this.read(caller, auditId);
    const proof = await findProof(this.#parts.database.forTenant(caller.tenantId), auditId);
    if (!proof)
      throw new ProblemError(
        'audit_not_sealed',
        `The record ${auditId} is not sealed yet. Ask again in some seconds; if it stays so, sealing does not run (docs/audit.md).`,
      );
    return {
      record_id: auditId,
      sequence: proof.sequence,
      leaf: proof.leaf.toString('base64'),
      path: proof.path.map(hash => hash.toString('base64')),
      checkpoint: checkpointAnswer(proof.checkpoint),
    };
  }

  async checkpoints({ tenantId }: Principal, paging: Paging) {
    const page = await pageOfCheckpoints(this.#parts.database.forTenant(tenantId), pageRequest(paging));
    return pageAnswer({ ...page, items: page.items.map(checkpointAnswer) });
  }

  /** The lines of an export; that it was asked for is recorded before the first. */
  async export({ tenantId }: Principal, { by, query }: { by: Author; query: AuditExportQuery }) {
    const { since, until } = query;
    await appendAudit(this.#parts.database.forTenant(tenantId), {
      ...by,
      action: 'audit.export',
      object: { kind: 'audit', id: tenantId, name: null },
      outcome: 'accepted',
      details: { since: since ?? null, until: until ?? null },
    });
    const db = this.#parts.streams.forTenant(tenantId);
    return textOf(exportLines(work => work(db), { tenant: tenantId, ...periodOf(query) }));
  }
}

async function* textOf(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

function periodOf({ since, until }: AuditExportQuery) {
  return { since: since ? new Date(since) : undefined, until: until ? new Date(until) : undefined };
}

function checkpointAnswer({ size, root, note, signedAt }: KeptCheckpoint): AuditCheckpoint {
  return { size, root: root.toString('base64'), signed_at: signedAt.toISOString(), note };
}
