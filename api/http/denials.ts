import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import { appendAudit } from '../../db/audit.ts';
import type { Database } from '../../db/database.ts';
import type { AuditActor, NewAuditRecord } from '../../domain/audit.ts';
import { SYSTEM_TENANT } from '../../domain/tenant.ts';
import type { Log } from '../../process/log.ts';
import { withoutSecrets } from '../../process/redaction.ts';
import { auditActorOf, originOf } from './audit-actor.ts';
import { DenialBounds } from './denial-bounds.ts';
import type { ProblemCode, ProblemError } from './problem.ts';

interface DenialParts {
  readonly database: Pick<Database, 'forTenant'>;
  readonly log: Log;
  readonly registry: Registry;
  /** What the document calls the operation at a route, e.g. of `GET /v1/policies`. */
  readonly operationIdOf: (route: string) => string | undefined;
  /** How many records a minute one stranger’s address, and one principal, may cause. */
  readonly perMinute?: { readonly stranger: number; readonly principal: number };
}

const STRANGER: AuditActor = {
  id: 'unknown',
  name: 'unknown',
  kind: 'unknown',
  on_behalf_of: null,
  credential: null,
};

/** What an operation’s own record tells of already. */
const TOLD_ELSEWHERE: readonly ProblemCode[] = ['policy_denied'];

/** Writes a record of every request that was denied or refused. The answer never waits for it and never fails by it. */
export class Denials {
  readonly #parts: DenialParts;
  readonly #bounds: DenialBounds;
  readonly #writing = new Set<Promise<void>>();
  readonly #failures: Counter;
  readonly #sweeping: NodeJS.Timeout;

  constructor(parts: DenialParts) {
    this.#parts = parts;
    this.#bounds = new DenialBounds(parts.perMinute ?? { stranger: 10, principal: 120 });
    this.#failures = new Counter({
      name: 'runtimeai_audit_denials_lost_total',
      help: 'Denied or refused requests of which no audit record could be written',
      registers: [parts.registry],
    });
    this.#sweeping = setInterval(() => this.#tellLeftOut(Date.now()), 10_000).unref();
  }

  /** Writes what is under way before the server closes. */
  closeWith(server: FastifyInstance): void {
    server.addHook('onClose', async () => {
      clearInterval(this.#sweeping);
      this.#tellLeftOut(Number.POSITIVE_INFINITY);
      await this.settled();
    });
  }

  /** Looks at a request that was answered with a problem. */
  record(request: FastifyRequest, problem: ProblemError): void {
    const outcome = outcomeOf(request, problem);
    if (outcome === undefined) return;
    const { principal } = request;
    const tenant = principal?.tenantId ?? problem.extras.tenantId ?? SYSTEM_TENANT;
    const who = principal ? `principal ${principal.id}` : `address ${request.ip}`;
    if (!this.#bounds.admits({ tenant, who, isStranger: principal === undefined })) return;
    this.#write(tenant, this.#recordOf(request, { problem, outcome }));
  }

  /** Resolves when everything recorded so far is written, or was given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #recordOf(
    request: FastifyRequest,
    { problem, outcome }: { problem: ProblemError; outcome: 'denied' | 'refused' },
  ): NewAuditRecord {
    const { principal, method } = request;
    const route = request.routeOptions.url ?? 'unknown';
    const { reason, operation } = problem.extras;
    const named = firstOf(request.params);
    return {
      actor: principal ? auditActorOf(principal) : STRANGER,
      action: this.#parts.operationIdOf(`${method} ${route}`) ?? 'access',
      object: { kind: kindOf(route), id: named === undefined ? null : withoutSecrets(named), name: null },
      outcome,
      reason: withoutSecrets(`${problem.code}: ${problem.message}`),
      origin: originOf(request),
      operation_id: operation?.id ?? null,
      details: {
        status: problem.status,
        code: problem.code,
        route: `${method} ${route}`,
        ...(reason !== undefined && { check: reason }),
      },
    };
  }

  #tellLeftOut(now: number): void {
    for (const { tenant, who, count } of this.#bounds.leftOut(now)) {
      this.#write(tenant, {
        actor: STRANGER,
        action: 'access',
        object: { kind: 'route', id: null, name: null },
        outcome: 'denied',
        reason: `${count} more denied requests of ${who} within a minute are not listed one by one.`,
        details: { left_out: count, of: who },
      });
    }
  }

  #write(tenant: string, record: NewAuditRecord): void {
    const written = this.#tryWriting(tenant, record).finally(() => this.#writing.delete(written));
    this.#writing.add(written);
  }

  async #tryWriting(tenant: string, record: NewAuditRecord): Promise<void> {
    try {
      await appendAudit(this.#parts.database.forTenant(tenant), record);
    } catch (error) {
      this.#failures.inc();
      this.#parts.log.error(
        { err: error, tenant, action: record.action, request: record.origin?.request_id },
        'a denied request could not be written to the audit',
      );
    }
  }
}

/** A refusal of what only reads is none worth a record, unless somebody asked for what is not theirs. */
function outcomeOf(
  { method, principal }: FastifyRequest,
  { status, code }: ProblemError,
): 'denied' | 'refused' | undefined {
  if (TOLD_ELSEWHERE.includes(code)) return undefined;
  if (status === 401 || status === 403) return 'denied';
  if (principal === undefined) return undefined;
  if (status === 404) return 'refused';
  const changes = method !== 'GET' && method !== 'HEAD';
  return changes && (status === 409 || status === 412 || status === 422) ? 'refused' : undefined;
}

function firstOf(params: unknown): string | undefined {
  const [first] = typeof params === 'object' && params !== null ? Object.values(params) : [];
  return typeof first === 'string' ? first : undefined;
}

/** `policy` of `/v1/policies/:policy_id`; of a route without an id, the route itself. */
function kindOf(route: string): string {
  return /:(\w+?)(_id)?(\/|$)/.exec(route)?.[1] ?? 'route';
}
