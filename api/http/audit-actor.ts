import type { FastifyRequest } from 'fastify';
import type { AuditActor, AuditRecord } from '../../domain/audit.ts';
import type { Principal } from '../../domain/principal.ts';
import { withoutSecrets } from '../../process/redaction.ts';

/** The principal as its records name it; never its secret. */
export function auditActorOf(principal: Principal): AuditActor {
  const { id, name, kind, onBehalfOf, credential } = principal;
  return { id, name, kind, on_behalf_of: onBehalfOf?.id ?? null, credential: credential.id };
}

/** Where a request came from, as its records tell it. Its id may be the caller’s own text. */
export function originOf(request: Pick<FastifyRequest, 'ip' | 'id'>): AuditRecord['origin'] {
  return { address: request.ip, request_id: withoutSecrets(request.id) };
}
