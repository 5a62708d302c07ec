import type { Generated } from 'kysely';
import type { AuditOutcome, AuditRecord } from '../domain/audit.ts';
import type { Json, OfTenant } from './tables.ts';

export interface AuditRecords extends OfTenant {
  id: string;
  at: Date;
  /** The transaction that wrote it (64 bits, as text). */
  xid: Generated<string>;
  record: Json<AuditRecord>;
  leaf: Buffer;
  /** From here on: what the record says, once more, to be asked by. */
  action: string;
  outcome: AuditOutcome;
  actor_id: string;
  object_kind: string;
  object_id: string | null;
  operation_id: string | null;
  project: string | null;
}

/** Places in the tree; a place once given is never given again. */
export interface AuditLeaves extends OfTenant {
  /** 64 bits, as text. */
  sequence: string;
  record_id: string;
  at: Date;
  xid: string;
  leaf: Buffer;
}

export interface AuditNodes extends OfTenant {
  level: number;
  position: string;
  hash: Buffer;
}

export interface AuditCheckpoints extends OfTenant {
  size: string;
  root: Buffer;
  note: string;
  signed_at: Date;
}

export interface AuditStreams {
  /** A tenant. */
  stream: string;
}
