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
  return [...(await read(wrongColumns)), ...(await read(wrongNodes)), ...(await wrongCheckpoints(read))];
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

async function wrongNodes(db: TenantSql): Promise<Finding[]> {
  const { rows } = await sql<{ level: number; position: number; missing: boolean }>`
    with node as (
      select level::int as level, position, hash from audit_nodes
      union all select 0, sequence, leaf from audit_leaves
    )
    select coalesce(n.level, a.level + 1) as level, coalesce(n.position, a.position / 2)::float8 as position,
      n.hash is null as missing
    from node a join node b on b.level = a.level and b.position = a.position + 1 and a.position % 2 = 0
      full join (select level::int as level, position, hash from audit_nodes) as n
        on n.level = a.level + 1 and n.position = a.position / 2
    where n.hash is null or a.hash is null or n.hash <> sha256('\\x01'::bytea || a.hash || b.hash)
    order by level, position limit ${MOST_OF_A_KIND}`.execute(db);
  return rows.map(({ level, position, missing }) => ({
    kind: 'misfiled',
    from: position * 2 ** level,
    to: (position + 1) * 2 ** level,
    message: `The node ${level}/${position} of the tree ${missing ? 'is gone' : 'is not the hash of those below it'}; it stands over the sequences ${position * 2 ** level} to ${(position + 1) * 2 ** level - 1}. Proofs and new checkpoints go by it.`,
  }));
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
