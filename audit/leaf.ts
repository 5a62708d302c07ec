import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditRecord } from '../domain/audit.ts';

const LEAF = Buffer.of(0);

/** The one text of a record that its hash is over: canonical JSON of RFC 8785. */
export function canonicalText(value: object | string): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('A record without a JSON form cannot be hashed.');
  return text;
}

/** The leaf of a record in the tree of its tenant, from the record alone. */
export function leafHash(record: AuditRecord): Buffer {
  return leafOf(canonicalText(record));
}

/** The leaf of a canonical text: SHA-256 of 0x00 and the text in UTF-8 (RFC 9162 §2.1.1). */
export function leafOf(text: string): Buffer {
  return createHash('sha256').update(LEAF).update(text).digest();
}
