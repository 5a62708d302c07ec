import { z } from 'zod';
import { idOf } from './ids.ts';
import { TenantId } from './tenant.ts';

/** How an audited act ended. `denied`: somebody may not do it. `refused`: it was understood and not done. */
export const AuditOutcome = z.enum(['accepted', 'succeeded', 'denied', 'refused', 'failed']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** Who acted, as a record tells it. */
export const AuditActor = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['human', 'agent', 'system', 'unknown']),
  on_behalf_of: z.string().nullable().meta({ description: 'Principal for whom an agent acted' }),
  credential: z
    .string()
    .nullable()
    .meta({ description: 'Id of the key, or issuer of the token; never a secret' }),
});
export type AuditActor = z.infer<typeof AuditActor>;

/**
 * One line of the audit: who did what, for whom, to what, from where, with which outcome and under which policies.
 * Only strings, whole numbers, booleans and null, so that its canonical JSON (RFC 8785) is the same everywhere.
 */
export const AuditRecord = z
  .object({
    id: idOf('audit'),
    tenant_id: TenantId,
    at: z.iso.datetime(),
    actor: AuditActor,
    action: z.string().meta({ description: 'e.g. deploy.begin, approval.decide, policy.create, access' }),
    object: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
    project: z.string().nullable(),
    environment: z.string().nullable(),
    outcome: AuditOutcome,
    reason: z.string().nullable(),
    origin: z.object({ address: z.string().nullable(), request_id: z.string().nullable() }),
    policy: z
      .object({ digest: z.string(), answer: z.string(), policy: z.string() })
      .nullable()
      .meta({ description: 'The verdict it was done or refused by' }),
    operation_id: z.string().nullable(),
    workflow_id: z.string().nullable(),
    details: z.record(z.string(), z.union([z.string(), z.int(), z.boolean(), z.null()])),
  })
  .meta({ id: 'AuditRecord' });
export type AuditRecord = z.infer<typeof AuditRecord>;

/** A record before it has its id, tenant and time; what is left out is null. */
export type NewAuditRecord = Pick<AuditRecord, 'actor' | 'action' | 'object' | 'outcome'> &
  Partial<Omit<AuditRecord, 'id' | 'tenant_id' | 'at'>>;

/** Where a request came from, as its records and those of its operation tell it. */
export interface Origin {
  readonly address: string | null;
  readonly requestId: string | null;
}
