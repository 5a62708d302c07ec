import { sql } from 'kysely';
import type { ExportHeader, ExportLine } from '../audit/export-format.ts';
import { subtreesOf } from '../audit/tree.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { checkpointsBetween, type KeptCheckpoint, newestCheckpoint } from './audit-checkpoints.ts';
import { readSubtrees } from './audit-tree.ts';
import type { TenantSql } from './tables.ts';

/** What to export: records written from `since` up to, without, `until`; everything when left out. */
export interface ExportQuery {
  readonly tenant: string;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** How many records are read at a time. Default 1,000. */
  readonly pageSize?: number;
}

/** SQL of the tenant, for one read at a time: an export may take longer than a transaction should. */
type Read = <T>(work: (db: TenantSql) => Promise<T>) => Promise<T>;

/**
 * The lines of an export: its head, the sealed records in the order of their sequences with the checkpoints between
 * them, those not sealed yet, its end. A part of the audit may hold neighbours just outside the asked time.
 */
export async function* exportLines(read: Read, query: ExportQuery): AsyncGenerator<ExportLine> {
  const header = await read(db => headerOf(db, query));
  let lines = 1;
  yield header;
  for await (const line of sealedLines(read, { header, pageSize: query.pageSize ?? 1_000 })) {
    lines += 1;
    yield line;
  }
  for await (const line of unsealedLines(read, { query, size: header.size })) {
    lines += 1;
    yield line;
  }
  yield { end: true, lines: lines + 1 };
}

async function headerOf(db: TenantSql, { tenant, since, until }: ExportQuery): Promise<ExportHeader> {
  const newest = await newestCheckpoint(db);
  const size = newest?.size ?? 0;
  const { begin, end } = await partOf(db, { since, until, size });
  const left = await readSubtrees(db, subtreesOf({ begin: 0, end: begin }));
  const right = await readSubtrees(db, subtreesOf({ begin: end, end: size }));
  return {
    format: 'runtimeai-audit-export/1',
    tenant,
    since: since?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    begin,
    end,
    size,
    checkpoint: newest?.note ?? null,
    left: left.map(({ hash }) => hash.toString('base64')),
    right: right.map(({ hash }) => hash.toString('base64')),
  };
}

/** The sequences of the asked time, without gaps. */
async function partOf(
  db: TenantSql,
  { since, until, size }: Pick<ExportQuery, 'since' | 'until'> & { size: number },
): Promise<{ begin: number; end: number }> {
  if (!since && !until) return { begin: 0, end: size };
  const { rows } = await sql<{ begin: number | null; end: number | null }>`
    select min(sequence)::float8 as begin, (max(sequence) + 1)::float8 as "end" from audit_leaves
    where sequence < ${size}::bigint and at >= ${since?.toISOString() ?? '-infinity'}::timestamptz
      and at < ${until?.toISOString() ?? 'infinity'}::timestamptz`.execute(db);
  const [part] = rows;
  // Times are not quite in the order of sequences; without a bound nothing is left out on that side.
  const end = until ? (part?.end ?? (since ? size : 0)) : size;
  return { begin: since ? Math.min(part?.begin ?? end, end) : 0, end };
}

async function* sealedLines(
  read: Read,
  { header, pageSize }: { header: ExportHeader; pageSize: number },
): AsyncGenerator<ExportLine> {
  for (let begin = header.begin; begin < header.end; begin += pageSize) {
    const end = Math.min(begin + pageSize, header.end);
    const leaves = await read(db => readLeaves(db, { begin, end }));
    const checkpoints = await read(db => checkpointsBetween(db, { above: begin, upTo: end }));
    yield* merged(leaves, checkpoints);
  }
}

interface LeafRow {
  readonly sequence: number;
  readonly leaf: Buffer;
  readonly record_id: string;
  readonly at: Date;
  /** Nothing once the record is older than the retention. */
  readonly record: AuditRecord | null;
}

async function readLeaves(db: TenantSql, { begin, end }: { begin: number; end: number }): Promise<LeafRow[]> {
  const { rows } = await sql<LeafRow>`
    select l.sequence::float8 as sequence, l.leaf, l.record_id, l.at, r.record
    from audit_leaves l
      left join audit_records r on r.tenant_id = l.tenant_id and r.at = l.at and r.id = l.record_id
    where l.sequence >= ${begin}::bigint and l.sequence < ${end}::bigint order by l.sequence`.execute(db);
  return rows;
}

function* merged(leaves: readonly LeafRow[], checkpoints: readonly KeptCheckpoint[]): Generator<ExportLine> {
  const noteAt = new Map(checkpoints.map(({ size, note }) => [size, note]));
  for (const { sequence, leaf: hash, record, record_id, at } of leaves) {
    const leaf = hash.toString('base64');
    yield record ? { sequence, leaf, record } : { sequence, leaf, record_id, at: at.toISOString() };
    const note = noteAt.get(sequence + 1);
    if (note !== undefined) yield { checkpoint: note };
  }
}

const UNSEALED_PAGE = 1_000;

/** Whatever had no place in the tree when the export began. */
async function* unsealedLines(
  read: Read,
  { query: { since, until }, size }: { query: ExportQuery; size: number },
): AsyncGenerator<ExportLine> {
  for (let after = ''; ; ) {
    const { rows } = await read(db =>
      sql<{ id: string; record: AuditRecord }>`
        select id, record from audit_records r
        where id > ${after}
          and at >= ${since?.toISOString() ?? '-infinity'}::timestamptz
          and at < ${until?.toISOString() ?? 'infinity'}::timestamptz
          and not exists (select from audit_leaves l where l.tenant_id = r.tenant_id and l.record_id = r.id
            and l.sequence < ${size}::bigint)
        order by id limit ${UNSEALED_PAGE}`.execute(db),
    );
    for (const { record } of rows) yield { unsealed: record };
    const newest = rows.at(-1);
    if (newest === undefined || rows.length < UNSEALED_PAGE) return;
    after = newest.id;
  }
}
