import { type RawBuilder, sql } from 'kysely';
import type * as audit from '../../../db/audit.ts';

/** Stands in for `db/audit.ts` in the half of a benchmark that writes no audit records. */
export const AUDIT_CHANNEL: typeof audit.AUDIT_CHANNEL = 'runtimeai_audit';

/** Writes nothing. */
export const appendAudit: typeof audit.appendAudit = async () => undefined;

/** A CTE that nothing asks for, so that PostgreSQL leaves it out. */
export const insertingAudit: typeof audit.insertingAudit = (): RawBuilder<unknown> => sql`select 1`;
