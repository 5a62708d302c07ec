import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Command } from 'commander';
import { appendAudit } from '../../db/audit.ts';
import { exportLines } from '../../db/audit-export.ts';
import { findProof } from '../../db/audit-proof.ts';
import { findAuditRecord } from '../../db/audit-queries.ts';
import { OPERATOR } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import type { TenantSql } from '../../db/tables.ts';
import { keyCommand } from './audit-key.ts';
import { retentionCommand } from './audit-retention.ts';
import { dateOf, verifyCommand } from './audit-verify.ts';
import { asOwner } from './owner.ts';

/** `admin audit …`. */
export function auditCommands(): Command {
  return new Command('audit')
    .description(
      'Exports, proves and verifies the audit; makes its key; lets go what is older than its retention.',
    )
    .addCommand(keyCommand())
    .addCommand(exportCommand())
    .addCommand(proveCommand())
    .addCommand(verifyCommand())
    .addCommand(retentionCommand());
}

interface ExportOptions {
  tenant: string;
  since?: Date;
  until?: Date;
  out?: string;
}

function exportCommand(): Command {
  return new Command('export')
    .description('Writes the audit of a tenant as JSON Lines, with its checkpoints.')
    .requiredOption('--tenant <id>', 'whose audit')
    .option('--since <time>', 'records from this time on', dateOf)
    .option('--until <time>', 'records before this time', dateOf)
    .option('--out <file>', 'where to; standard output when left out')
    .action(async ({ tenant, since, until, out }: ExportOptions) => {
      await asOwner(async owner => {
        await owner.inTenant(tenant, db => recordExport(db, { tenant, since, until }));
        const read = <T>(work: (db: TenantSql) => Promise<T>) => owner.inTenant(tenant, work);
        await writeLines(exportLines(read, { tenant, since, until }), out);
      });
    });
}

function recordExport(db: TenantSql, { tenant, since, until }: ExportOptionsOf): Promise<void> {
  return appendAudit(db, {
    ...OPERATOR,
    action: 'audit.export',
    object: { kind: 'audit', id: tenant, name: null },
    outcome: 'accepted',
    details: { since: since?.toISOString() ?? null, until: until?.toISOString() ?? null },
  });
}

interface ExportOptionsOf {
  readonly tenant: string;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
}

async function writeLines(lines: AsyncIterable<object>, path: string | undefined): Promise<void> {
  const to = path === undefined ? process.stdout : createWriteStream(path, { mode: 0o600 });
  for await (const line of lines) if (!to.write(`${JSON.stringify(line)}\n`)) await once(to, 'drain');
  if (path === undefined) return;
  to.end();
  await once(to, 'finish');
}

function proveCommand(): Command {
  return new Command('prove')
    .description('Prints one record with its proof, for somebody who shall not see the others.')
    .argument('<audit id>')
    .requiredOption('--tenant <id>', 'whose audit')
    .action(async (id: string, { tenant }: { tenant: string }) => {
      const proven = await asOwner(owner => proofOf(owner, { tenant, id }));
      console.log(JSON.stringify(proven, null, 2));
    });
}

async function proofOf(
  owner: Pick<Database, 'inTenant'>,
  { tenant, id }: { tenant: string; id: string },
): Promise<object> {
  return owner.inTenant(tenant, async db => {
    const record = await findAuditRecord(db, id);
    if (record === undefined) throw new Error(`Tenant ${tenant} has no audit record ${id}.`);
    const proof = await findProof(db, id);
    if (!proof) throw new Error(`The record ${id} is not sealed yet; try again in some seconds.`);
    return {
      record,
      sequence: proof.sequence,
      path: proof.path.map(hash => hash.toString('base64')),
      checkpoint: proof.checkpoint.note,
    };
  });
}
