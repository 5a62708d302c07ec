import { generateKeyPairSync } from 'node:crypto';
import { keyName } from '../audit/checkpoint.ts';
import type { VerifyReport } from '../audit/findings.ts';
import { noteSigner, verifierOf } from '../audit/note.ts';
import { verifyExport } from '../audit/verify.ts';
import { exportLines } from '../db/audit-export.ts';
import type { Database } from '../db/database.ts';
import type { NewAuditRecord } from '../domain/audit.ts';
import { withClient } from './postgres.ts';
import { until } from './until.ts';

/** A key that signs checkpoints in tests, as its PEM. */
export const AUDIT_KEY = generateKeyPairSync('ed25519')
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

export const AUDIT_SIGNER = noteSigner(keyName('dev'), AUDIT_KEY);

/** A record that something was done. */
export function auditRecord(changes: Partial<NewAuditRecord> = {}): NewAuditRecord {
  return {
    actor: { id: 'prn_ada', name: 'Ada', kind: 'human', on_behalf_of: null, credential: 'key-1' },
    action: 'policy.create',
    object: { kind: 'policy', id: 'pol_1', name: 'no-production' },
    outcome: 'succeeded',
    ...changes,
  };
}

/** Waits until no transaction of the whole server is open that began before the records there are, so that all can be sealed. */
export async function untilSealable(superuserUrl: string): Promise<void> {
  const sealable = () =>
    withClient(superuserUrl, async client => {
      const { rows } = await client.query<{ passed: boolean }>(`
        select coalesce(bool_and(xid < pg_snapshot_xmin(pg_current_snapshot())), true) as passed
        from audit_records where xid < pg_snapshot_xmax(pg_current_snapshot())`);
      return rows[0]?.passed ?? false;
    });
  await until('no earlier transaction is open', sealable, 30);
}

/** The audit of a tenant as its export has it, line by line. */
export async function exportedLines(
  database: Pick<Database, 'forTenant'>,
  tenant: string,
): Promise<string[]> {
  const lines: string[] = [];
  const read = <T>(work: (db: ReturnType<Database['forTenant']>) => Promise<T>) =>
    work(database.forTenant(tenant));
  for await (const line of exportLines(read, { tenant, pageSize: 7 })) lines.push(JSON.stringify(line));
  return lines;
}

/** What verification says of the audit of a tenant. */
export async function verifiedAudit(
  database: Pick<Database, 'forTenant'>,
  { tenant = 'acme', anchors = [] }: { tenant?: string; anchors?: readonly string[] } = {},
): Promise<VerifyReport> {
  const lines = await exportedLines(database, tenant);
  return verifyExport({ lines: streamOf(lines), believed: [verifierOf(AUDIT_SIGNER)], anchors });
}

async function* streamOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
