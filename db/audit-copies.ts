import { sql } from 'kysely';
import { readCheckpoint } from '../audit/checkpoint.ts';
import type { Finding } from '../audit/findings.ts';
import { checkpointsBetween, type KeptCheckpoint, newestCheckpoint } from './audit-checkpoints.ts';
import type { TenantSql } from './tables.ts';

/** SQL of the tenant, for one read at a time. */
type Read = <T>(work: (db: TenantSql) => Promise<T>) => Promise<T>;

const MOST_OF_A_KIND = 100;

/**
 * What the database keeps a second time, to search and to prove by, and what does not agree with the first: columns
 * beside records and checkpoints, and the tree above the leaves. An export holds none of it.
 */
export async function findWrongCopies(read: Read): Promise<readonly Finding[]> {
  return [
    ...(await read(wrongColumns)),
    ...(await read(strayLeaves)),
    ...(await read(wrongNodes)),
    ...(await wrongCheckpoints(read)),
  ];
}

/** Each column beside a record, and what the record says of it. */
const OF_RECORD: Readonly<Record<string, string>> = {
  tenant_id: `r.record->>'tenant_id'`,
  id: `r.record->>'id'`,
  action: `r.record->>'action'`,
  outcome: `r.record->>'outcome'`,
  actor_id: `r.record->'actor'->>'id'`,
  object_kind: `r.record->'object'->>'kind'`,
  object_id: `r.record->'object'->>'id'`,
  operation_id: `r.record->>'operation_id'`,
  project: `r.record->>'project'`,
};

const DIFFERENT = [
  ...Object.entries(OF_RECORD).map(
    ([column, told]) => `case when r.${column} is distinct from ${told} then '${column}' end`,
  ),
  // As text: what somebody put into a record need not be a time.
  `case when to_char(r.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') is distinct from r.record->>'at'
    then 'at' end`,
  `case when l.leaf is not null and r.leaf <> l.leaf then 'leaf' end`,
];

async function wrongColumns(db: TenantSql): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; sequence: number | null; columns: string[] }>`
    select id, sequence, columns from (
      select r.id, l.sequence::float8 as sequence, array_remove(array[${sql.raw(DIFFERENT.join(', '))}], null) as columns
      from audit_records r left join audit_leaves l on l.tenant_id = r.tenant_id and l.record_id = r.id
    ) as compared
    where cardinality(columns) > 0 order by sequence, id limit ${MOST_OF_A_KIND}`.execute(db);
  return rows.map(({ id, sequence, columns }) => ({
    kind: 'misfiled',
    ...(sequence !== null && { from: sequence, to: sequence + 1 }),
    recordId: id,
    message: `Record ${id} (${sequence === null ? 'not sealed' : `sequence ${sequence}`}) is kept under another ${columns.join(', ')} than it says: it is not found by what it tells, or by what it does not.`,
  }));
}

/** Leaves and the checkpoint over them are written together, so none lies behind the newest one. */
async function strayLeaves(db: TenantSql): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; sequence: number }>`
    select record_id as id, sequence::float8 as sequence from audit_leaves
    where sequence >= (select coalesce(max(size), 0) from audit_checkpoints)
    order by audit_leaves.sequence limit ${MOST_OF_A_KIND}`.execute(db);
  return rows.map(({ id, sequence }) => ({
    kind: 'inserted',
    from: sequence,
    to: sequence + 1,
    recordId: id,
    message: `Sequence ${sequence} (record ${id}) lies behind the newest checkpoint: it was put in, or checkpoints were taken out.`,
  }));
}

interface WrongNode {
  readonly level: number;
  readonly position: number;
  readonly missing: boolean;
}

async function wrongNodes(db: TenantSql): Promise<Finding[]> {
  const found: WrongNode[] = [];
  for (let level = 1, size = await countLeaves(db); size >= 2; level += 1, size /= 2)
    found.push(...(await wrongOfLevel(db, level)));
  return found.slice(0, MOST_OF_A_KIND).map(({ level, position, missing }) => ({
    kind: 'misfiled',
    from: position * 2 ** level,
    to: (position + 1) * 2 ** level,
    message: `The node ${level}/${position} of the tree ${missing ? 'is gone' : 'is not the hash of those below it'}; it stands over the sequences ${position * 2 ** level} to ${(position + 1) * 2 ** level - 1}. Proofs and new checkpoints go by it.`,
  }));
}

async function countLeaves(db: TenantSql): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(max(sequence) + 1, 0)::float8 as count from audit_leaves`.execute(db);
  return rows[0]?.count ?? 0;
}

/** One level with the one below, whose neighbours come in their order: a join of a table with itself may take for ever. */
async function wrongOfLevel(db: TenantSql, level: number): Promise<readonly WrongNode[]> {
  const below =
    level === 1
      ? sql`select sequence as position, leaf as hash from audit_leaves`
      : sql`select position, hash from audit_nodes where level = ${level - 1}::smallint`;
  const { rows } = await sql<WrongNode>`
    select ${level}::int as level, position::float8 as position, n.hash is null as missing
    from (select position, hash from audit_nodes where level = ${level}::smallint) as n
      full join (select position / 2 as position, hash as a, next as b from (
          select position, hash, lead(hash) over neighbours as next, lead(position) over neighbours as beside
          from (${below}) as below window neighbours as (order by position)) as all_below
        where position % 2 = 0 and beside = position + 1) as pair using (position)
    where n.hash is null or pair.a is null or n.hash <> sha256('\\x01'::bytea || pair.a || pair.b)
    order by position limit ${MOST_OF_A_KIND}`.execute(db);
  return rows;
}

const PAGE = 10_000;

async function wrongCheckpoints(read: Read): Promise<Finding[]> {
  const found: Finding[] = [];
  const size = (await read(newestCheckpoint))?.size ?? 0;
  for (let above = 0; above < size; above += PAGE) {
    const checkpoints = await read(db => checkpointsBetween(db, { above, upTo: above + PAGE }));
    found.push(...checkpoints.filter(isWrong).map(wrongCheckpoint));
  }
  return found.slice(0, MOST_OF_A_KIND);
}

function isWrong({ size, root, note, signedAt }: KeptCheckpoint): boolean {
  const signed = readCheckpoint(note);
  return (
    signed?.size !== size || !signed.root.equals(root) || signed.signedAt.getTime() !== signedAt.getTime()
  );
}

function wrongCheckpoint({ size }: KeptCheckpoint): Finding {
  return {
    kind: 'misfiled',
    message: `The checkpoint kept under ${size} records has another size, root or time than its signed note.`,
  };
}
