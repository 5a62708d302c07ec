import { sql } from 'kysely';
import { AuditBroken } from '../audit/broken.ts';
import { type Place, type Range, rootOf, type Subtree, subtreesOf } from '../audit/tree.ts';
import type { TenantSql } from './tables.ts';

/** The kept hashes of subtrees, in the order asked for; a place that is not kept is an error: the tree has been tampered with. */
export async function readSubtrees(db: TenantSql, places: readonly Place[]): Promise<readonly Subtree[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<{ hash: Buffer | null }>`
    select coalesce(n.hash, l.leaf) as hash
    from unnest(${places.map(({ level }) => level)}::int[], ${places.map(({ position }) => position)}::bigint[])
        with ordinality as want (level, position, number)
      left join audit_nodes n on n.level = want.level and n.position = want.position
      left join audit_leaves l on want.level = 0 and l.sequence = want.position
    order by want.number`.execute(db);
  return places.map((place, index) => {
    const hash = rows[index]?.hash;
    if (hash) return { ...place, hash };
    throw new AuditBroken(
      `The tree of the audit lacks its node ${place.level}/${place.position}, so it is no longer as it was sealed. ` +
        'Run npm run admin -- audit verify --database.',
    );
  });
}

/** The hash over each range of leaves; a range must begin where the tree divides, as those of proofs do. */
export async function hashRanges(db: TenantSql, ranges: readonly Range[]): Promise<readonly Buffer[]> {
  const parts = ranges.map(subtreesOf);
  const subtrees = [...(await readSubtrees(db, parts.flat()))];
  return parts.map(places => rootOf(subtrees.splice(0, places.length)));
}

/** The root that the tree had when it held so many leaves. */
export async function rootAt(db: TenantSql, size: number): Promise<Buffer> {
  return rootOf(await readSubtrees(db, subtreesOf({ begin: 0, end: size })));
}
