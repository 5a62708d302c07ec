import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { noteOfLine } from '../../audit/anchor-line.ts';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import type { VerifyReport } from '../../audit/findings.ts';
import { canonicalText, leafOf } from '../../audit/leaf.ts';
import { type NoteVerifier, readVerifier } from '../../audit/note.ts';
import { provesInclusion } from '../../audit/proof.ts';
import { verifyExport } from '../../audit/verify.ts';
import { findWrongCopies } from '../../db/audit-copies.ts';
import { exportLines } from '../../db/audit-export.ts';
import type { TenantSql } from '../../db/tables.ts';
import { asOwner } from './owner.ts';

interface VerifyOptions {
  publicKey: string[];
  anchor?: string[];
  droppedBefore?: Date;
  database?: boolean;
  tenant?: string;
  proof?: boolean;
}

/** `admin audit verify`. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Says whether an export is what was sealed, and where it is not. Needs no database but for --database. Ends with 1 when something is wrong.',
    )
    .argument('[file]', 'an export, or with --proof what `audit prove` printed')
    .requiredOption('--public-key <key or file...>', 'what `audit key` printed; former keys as well')
    .option('--anchor <file or folder...>', 'checkpoints kept outside the database')
    .option('--dropped-before <date>', 'records older than this may be gone by retention', dateOf)
    .option('--database', 'verify what is in the database now, instead of a file')
    .option('--tenant <id>', 'with --database: whose audit')
    .option('--proof', 'the file is the proof of one record')
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const believed = options.publicKey.flatMap(verifiersOf);
      const sound = options.proof
        ? verifyProof(required(file), believed)
        : told(await verified(file, { ...options, believed }));
      if (!sound) process.exitCode = 1;
    });
}

/** Reads a time of the command line. */
export function dateOf(text: string): Date {
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('must be a time, e.g. 2026-01-01 or 2026-01-01T12:00:00Z');
}

/** What is not sealed after so long is a finding. */
const SEALED_WITHIN_MS = 3600 * 1000;

type Verifying = VerifyOptions & { readonly believed: readonly NoteVerifier[] };

async function verified(file: string | undefined, options: Verifying): Promise<VerifyReport> {
  const { believed, anchor = [], database, tenant = '', droppedBefore } = options;
  const given = { believed, droppedBefore };
  if (!database) {
    const lines = createInterface({
      input: createReadStream(required(file)),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    return verifyExport({ ...given, lines, anchors: anchor.flatMap(path => notesOf(path, tenant)) });
  }
  if (!tenant) throw new Error('--database needs --tenant: whose audit to verify.');
  return asOwner(async owner => {
    const read = <T>(work: (db: TenantSql) => Promise<T>) => owner.inTenant(tenant, work);
    const lines = textOf(exportLines(read, { tenant }));
    const sealedBefore = new Date(Date.now() - SEALED_WITHIN_MS);
    const anchors = anchor.flatMap(path => notesOf(path, tenant));
    const report = await verifyExport({ ...given, lines, anchors, sealedBefore });
    return { ...report, findings: [...report.findings, ...(await findWrongCopies(read))] };
  });
}

async function* textOf(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield JSON.stringify(line);
}

/** Prints what was found; answers whether all is well. */
function told({ findings, provenTo, ...counts }: VerifyReport): boolean {
  const { tenant, since, until, records, unsealed, dropped, checkpoints, anchors } = counts;
  console.log(
    `Tenant ${tenant}: ${records} sealed records, ${unsealed} not sealed yet, ${dropped} dropped by retention; ${checkpoints} checkpoints and ${anchors} anchored ones agree.`,
  );
  if (since !== null || until !== null)
    console.log(
      `This is a part of the audit: what was written from ${since ?? 'the beginning'} until ${until ?? 'the end'}. Of the rest nothing is said.`,
    );
  if (anchors === 0)
    console.log(
      'No anchored checkpoint was compared: that the whole was not made anew, or cut off, is not proven. Use --anchor.',
    );
  else if (provenTo)
    console.log(`Proven from outside up to sequence ${provenTo.size - 1}, as of ${provenTo.signedAt}.`);
  for (const { kind, message } of findings) console.log(`${kind.toUpperCase()}: ${message}`);
  console.log(findings.length === 0 ? 'Nothing is wrong.' : `${findings.length} things are wrong.`);
  return findings.length === 0;
}

const Proven = z.object({
  record: z.looseObject({ id: z.string() }),
  sequence: z.int().nonnegative(),
  path: z.array(z.base64()),
  checkpoint: z.string(),
});

function verifyProof(file: string, believed: readonly NoteVerifier[]): boolean {
  const { record, sequence, path, checkpoint } = Proven.parse(JSON.parse(readFileSync(file, 'utf8')));
  const signed = openCheckpoint(checkpoint, believed);
  const proof = {
    sequence,
    size: signed?.size ?? 0,
    leaf: leafOf(canonicalText(record)),
    path: path.map(hash => Buffer.from(hash, 'base64')),
  };
  const proven = signed !== undefined && provesInclusion(proof, signed.root);
  const why = signed
    ? 'the record is not in its checkpoint'
    : 'the checkpoint is not signed by a key named here';
  console.log(
    proven
      ? `Record ${record.id} is number ${sequence} of ${signed.size} in the audit ${signed.origin}, as signed ${signed.signedAt.toISOString()}.`
      : `NOT PROVEN: ${why}.`,
  );
  return proven;
}

function verifiersOf(given: string): NoteVerifier[] {
  const text = existsSync(given) ? readFileSync(given, 'utf8') : given;
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(readVerifier);
}

/** Of a folder, the file of the tenant; of a file, its lines, or the one note it is. */
function notesOf(path: string, tenant: string): string[] {
  if (statSync(path).isDirectory()) {
    if (tenant) return notesOf(join(path, `${tenant}.checkpoints.jsonl`), tenant);
    throw new Error(`${path} is a folder; name the file of the tenant in it, or --tenant.`);
  }
  const text = readFileSync(path, 'utf8');
  return text.startsWith('{') ? text.split('\n').flatMap(line => noteOfLine(line) ?? []) : [text];
}

function required(file: string | undefined): string {
  if (file !== undefined) return file;
  throw new Error('Name the file to verify, or use --database --tenant <id>.');
}
