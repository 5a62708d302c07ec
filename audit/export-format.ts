import { z } from 'zod';
import { AuditRecord } from '../domain/audit.ts';

const Hash = z.base64().length(44);
const Sequence = z.int().nonnegative();

/** The first line of an export: whose records, which part of the tree, and what the rest of it hashes to. */
export const ExportHeader = z.object({
  format: z.literal('runtimeai-audit-export/1'),
  tenant: z.string(),
  since: z.string().nullable(),
  until: z.string().nullable(),
  begin: Sequence.meta({ description: 'Sequence of the first sealed record' }),
  end: Sequence.meta({ description: 'One more than that of the last' }),
  size: Sequence.meta({ description: 'Sealed records of the tenant in all' }),
  checkpoint: z.string().nullable().meta({ description: 'Signed note over all of them' }),
  left: z.array(Hash).meta({ description: 'Hashes of the full subtrees before `begin`' }),
  right: z.array(Hash).meta({ description: 'Hashes of the full subtrees from `end` on' }),
});
export type ExportHeader = z.infer<typeof ExportHeader>;

/** A sealed record; its canonical JSON hashes to `leaf`. */
export const SealedLine = z.object({
  sequence: Sequence,
  leaf: Hash,
  record: AuditRecord.meta({ description: 'The record as it was written' }),
});
export type SealedLine = z.infer<typeof SealedLine>;

/** The place of a record that is older than the retention. */
export const DroppedLine = z.object({
  sequence: Sequence,
  leaf: Hash,
  record_id: z.string(),
  at: z.iso.datetime(),
});
export type DroppedLine = z.infer<typeof DroppedLine>;

/** A record that was not sealed yet when it was exported; nothing proves it. */
export const UnsealedLine = z.object({ unsealed: AuditRecord });
export type UnsealedLine = z.infer<typeof UnsealedLine>;

/** A checkpoint over all records before this line. */
export const CheckpointLine = z.object({ checkpoint: z.string() });
export type CheckpointLine = z.infer<typeof CheckpointLine>;

/** The last line; an export without it was cut off. */
export const EndLine = z.object({ end: z.literal(true), lines: Sequence });
export type EndLine = z.infer<typeof EndLine>;

export type ExportLine = ExportHeader | SealedLine | DroppedLine | UnsealedLine | CheckpointLine | EndLine;

// A record is read as it stands: what a schema would leave out belongs to its hash as well.
const AnyRecord = z.looseObject({ id: z.string(), tenant_id: z.string(), at: z.string() });
export type AnyRecord = z.infer<typeof AnyRecord>;

/** A line as verification reads it. */
export const ReadLine = z.union([
  SealedLine.extend({ record: AnyRecord }),
  DroppedLine,
  z.object({ unsealed: AnyRecord }),
  CheckpointLine,
  EndLine,
]);
export type ReadLine = z.infer<typeof ReadLine>;
