import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type NoteSigner, signNote } from '../../audit/note.ts';
import { appendAudit } from '../../db/audit.ts';
import {
  type AuditMonth,
  auditTenants,
  dropAuditMonth,
  listAuditMonths,
  recordsOfMonth,
} from '../../db/audit-retention.ts';
import { OPERATOR } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import { SYSTEM_TENANT } from '../../domain/tenant.ts';
import { keyFile, signerFrom } from './audit-key.ts';
import { asOwner } from './owner.ts';

interface RetentionOptions {
  years: number;
  out: string;
  drop?: boolean;
}

type Owner = Pick<Database, 'inTenant'>;

/** `admin audit retention`. */
export function retentionCommand(): Command {
  return new Command('retention')
    .description(
      'Writes the months that are older than the retention into signed files, one for each tenant; with --drop takes them out of the database. What proves the later records stays.',
    )
    .option('--years <number>', 'how long records are kept', yearsOf, 7)
    .requiredOption('--out <folder>', 'where the files are written')
    .option('--drop', 'take the months out of the database when their files are written')
    .action(async ({ years, out, drop }: RetentionOptions) => {
      const signer = signerFrom(keyFile());
      await asOwner(async owner => {
        const months = await olderThan(owner, years);
        if (months.length === 0) console.log(`No month is older than ${years} years.`);
        for (const month of months) await letGo(owner, { month, out, signer, drop: drop === true });
      });
    });
}

interface Leaving {
  readonly month: AuditMonth;
  readonly out: string;
  readonly signer: NoteSigner;
  readonly drop: boolean;
}

async function letGo(owner: Owner, leaving: Leaving): Promise<void> {
  const { month, out, drop } = leaving;
  const tenants = await owner.inTenant(SYSTEM_TENANT, auditTenants);
  let records = 0;
  for (const tenant of tenants) records += await writeSegment(owner, { ...leaving, tenant });
  console.log(`${month.month}: ${records} records written to ${out}.`);
  if (!drop) return;
  await owner.inTenant(SYSTEM_TENANT, async db => {
    await dropAuditMonth(db, { month, records });
    await appendAudit(db, {
      ...OPERATOR,
      action: 'audit.drop',
      object: { kind: 'audit', id: month.month, name: null },
      outcome: 'succeeded',
      details: { records },
    });
  });
  console.log(`${month.month}: dropped.`);
}

const PAGE = 1_000;

/** Answers how many records were written; of a tenant without any, no file. */
async function writeSegment(
  owner: Owner,
  { tenant, month, out, signer }: Leaving & { tenant: string },
): Promise<number> {
  const name = join(out, `${tenant}-${month.month}`);
  const hash = createHash('sha256');
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const file = await open(`${name}.jsonl`, 'w', 0o600);
  let records = 0;
  try {
    for await (const line of segmentLines(owner, { tenant, month })) {
      await file.appendFile(line);
      hash.update(line);
      records += 1;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (records === 0) {
    rmSync(`${name}.jsonl`);
    return 0;
  }
  const text = `runtimeai-audit-segment/1\n${tenant}\n${month.month}\n${records}\n${hash.digest('base64')}\n`;
  writeFileSync(`${name}.note`, signNote(text, signer), { mode: 0o600 });
  return records;
}

async function* segmentLines(
  owner: Owner,
  { tenant, month }: { tenant: string; month: AuditMonth },
): AsyncGenerator<string> {
  for (let after = ''; ; ) {
    const page = await owner.inTenant(tenant, db => recordsOfMonth(db, { month, after, limit: PAGE }));
    for (const { id, sequence, leaf, record } of page) {
      if (sequence === null)
        throw new Error(
          `The record ${id} of ${tenant} was never sealed, so ${month.month} stays. Seal it first, or find out why it was not.`,
        );
      yield `${JSON.stringify({ sequence, leaf: leaf.replaceAll('\n', ''), record })}\n`;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}

async function olderThan(owner: Owner, years: number): Promise<readonly AuditMonth[]> {
  const before = new Date();
  before.setUTCFullYear(before.getUTCFullYear() - years);
  const months = await owner.inTenant(SYSTEM_TENANT, listAuditMonths);
  return months.filter(({ until }) => until <= before);
}

function yearsOf(text: string): number {
  const years = Number(text);
  if (Number.isInteger(years) && years >= 1 && years <= 100) return years;
  throw new InvalidArgumentError('must be a whole number of years from 1 to 100');
}
