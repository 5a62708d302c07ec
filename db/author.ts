import type { AuditActor, AuditRecord } from '../domain/audit.ts';

/** Who changes a setting, and from where, as its audit record tells it. */
export interface Author {
  readonly actor: AuditActor;
  readonly origin?: AuditRecord['origin'];
}

/** Whoever has the database itself and uses `npm run admin`. */
export const OPERATOR: Author = {
  actor: { id: 'operator', name: 'npm run admin', kind: 'system', on_behalf_of: null, credential: null },
};
