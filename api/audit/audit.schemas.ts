import { z } from 'zod';
import { AuditOutcome, AuditRecord } from '../../domain/audit.ts';
import { idOf } from '../../domain/ids.ts';
import { ProjectName } from '../../domain/tenant.ts';
import { Paging, pageOf } from '../http/paging.ts';
import { plainText } from '../http/plain-text.ts';

const Word = plainText(200);

const Period = {
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Records from this time on', examples: ['2026-01-01T00:00:00Z'] }),
  until: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Records before this time', examples: ['2100-01-01T00:00:00Z'] }),
};

export const AuditListQuery = Paging.extend({
  actor: Word.optional().meta({ description: 'Id of who acted' }),
  action: Word.optional().meta({
    description: 'What was done; `*` stands for any text',
    examples: ['approval.*'],
  }),
  outcome: AuditOutcome.optional(),
  object: Word.optional().meta({ description: 'Id of what it was done to' }),
  object_kind: Word.optional().meta({ description: 'What kind of thing that is', examples: ['policy'] }),
  operation_id: idOf('operation').optional(),
  project: ProjectName.optional(),
  ...Period,
});
export type AuditListQuery = z.infer<typeof AuditListQuery>;

export const AuditListResponse = pageOf(AuditRecord, 'AuditListResponse');

export const AuditExportQuery = z.strictObject(Period);
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;

const Hash = z.base64().meta({ description: 'SHA-256, in base64' });

/** A checkpoint as it is answered. */
export const AuditCheckpoint = z
  .object({
    size: z.int().positive().meta({ description: 'How many records it is over' }),
    root: Hash,
    signed_at: z.iso.datetime(),
    note: z.string().meta({
      description: 'The checkpoint and its signature, as a signed note (C2SP tlog-checkpoint)',
    }),
  })
  .meta({ id: 'AuditCheckpoint' });
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;

export const AuditCheckpointList = pageOf(AuditCheckpoint, 'AuditCheckpointList');

/** That a record is among those of a checkpoint. */
export const AuditProof = z
  .object({
    record_id: idOf('audit'),
    sequence: z.int().nonnegative().meta({ description: 'Place of the record in the tree, from 0' }),
    leaf: Hash,
    path: z.array(Hash).meta({ description: 'RFC 9162 §2.1.3: from the leaf up to the root' }),
    checkpoint: AuditCheckpoint,
  })
  .meta({ id: 'AuditProof' });
export type AuditProof = z.infer<typeof AuditProof>;
