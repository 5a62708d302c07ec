import { findApprovers } from '../../db/approvers.ts';
import { appendAudit } from '../../db/audit.ts';
import type { Author } from '../../db/author.ts';
import type { Database } from '../../db/database.ts';
import {
  countDelegators,
  findDelegation,
  insertDelegation,
  listDelegations,
  revokeDelegation,
} from '../../db/delegations.ts';
import type { TenantSql } from '../../db/tables.ts';
import type { Delegation } from '../../domain/approval.ts';
import type { Approver } from '../../domain/approver.ts';
import type { NewAuditRecord } from '../../domain/audit.ts';
import { newId } from '../../domain/ids.ts';
import { mayDoIn, type Principal } from '../../domain/principal.ts';
import type { Begun } from '../http/answer.ts';
import { claim } from '../http/idempotency.ts';
import { pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import type { DelegationListQuery, DelegationRequest } from './delegations.schemas.ts';

interface Asked {
  readonly caller: Principal;
  readonly by: Author;
}

interface DelegationCommand extends Asked {
  readonly request: DelegationRequest;
  readonly key: string | undefined;
}

const LONGEST_DAYS = 90;

/** All of them travel with each decision of the one who decides. */
const MOST_DELEGATORS = 50;

/** Delegations of the caller’s tenant. They are plain settings: what changes them is no workflow. */
export class DelegationsService {
  readonly #database: Pick<Database, 'forTenant' | 'inTenant'>;

  constructor(database: Pick<Database, 'forTenant' | 'inTenant'>) {
    this.#database = database;
  }

  /** Key, delegation and audit record are written together: a repeated request finds all or nothing. */
  async create({ caller, by, request, key }: DelegationCommand): Promise<Begun<Delegation>> {
    mustBeAllowed(caller, request.from ?? caller.id);
    const until = untilOf(request);
    return this.#database.inTenant(caller.tenantId, async sql => {
      const ids = { delegationId: newId('delegation') };
      const command = { caller, key, route: 'POST /v1/delegations', body: request, ids };
      const claimed = await claim({ forTenant: () => sql }, command);
      const id = claimed.ids.delegationId;
      if (!claimed.replayed) {
        const { from, to } = await bothPersons(sql, { fromId: request.from ?? caller.id, toId: request.to });
        const reason = request.reason ?? null;
        await insertDelegation(sql, { id, fromId: from.id, toId: to.id, until, reason });
      }
      const delegation = await found(sql, id);
      if (!claimed.replayed) await appendAudit(sql, recordOf('delegation.create', { by, delegation }));
      return { body: delegation, location: `/v1/delegations/${id}`, replayed: claimed.replayed };
    });
  }

  async read(caller: Principal, delegationId: string): Promise<Delegation> {
    const delegation = await findDelegation(this.#database.forTenant(caller.tenantId), delegationId);
    if (!delegation || !maySee(caller, delegation)) throw notFound('delegation', delegationId);
    return delegation;
  }

  /** All of the tenant’s, or for whoever is limited to some projects those from and to themselves. */
  async list(caller: Principal, { view, principal_id: asked, ...paging }: DelegationListQuery) {
    const seesAll = mayDoIn(caller, 'member:read', null);
    const of = seesAll ? asked : caller.id;
    if (!seesAll && asked !== undefined && asked !== caller.id) return { items: [], next_page_token: null };
    const filter = { of, live: view === undefined ? undefined : view === 'live' };
    return pageAnswer(
      await listDelegations(this.#database.forTenant(caller.tenantId), { filter, ...pageRequest(paging) }),
    );
  }

  /** Ends it now, for decisions too that were made by it and have not been acted on. Ending what has ended changes nothing. */
  async revoke({ caller, by, delegationId }: Asked & { readonly delegationId: string }): Promise<void> {
    await this.#database.inTenant(caller.tenantId, async sql => {
      const delegation = await findDelegation(sql, delegationId);
      if (!delegation || !maySee(caller, delegation)) throw notFound('delegation', delegationId);
      mustBeAllowed(caller, delegation.from.id, delegation.to.id);
      if (await revokeDelegation(sql, delegationId))
        await appendAudit(sql, recordOf('delegation.revoke', { by, delegation }));
    });
  }
}

function mustBeAllowed(caller: Principal, ...own: readonly string[]): void {
  const limited = caller.scopes !== undefined && !caller.scopes.includes('approval:decide');
  if (own.includes(caller.id) && !limited) return;
  if (mayDoIn(caller, 'member:write', null)) return;
  throw new ProblemError(
    'permission_missing',
    own.includes(caller.id)
      ? `The scopes of this key lack approval:decide, so it cannot say who decides in whose place.`
      : `${caller.name} needs the permission member:write to say who decides in somebody else’s place.`,
  );
}

function maySee(caller: Principal, { from, to }: Delegation): boolean {
  return mayDoIn(caller, 'member:read', null) || [from.id, to.id].includes(caller.id);
}

function untilOf({ until: text }: DelegationRequest): Date {
  const until = new Date(text);
  const inDays = (until.getTime() - Date.now()) / 86_400_000;
  if (inDays > 0 && inDays <= LONGEST_DAYS) return until;
  const message =
    inDays > 0
      ? `must be at most ${LONGEST_DAYS} days from now`
      : 'must be in the future: nothing ends before it begins';
  throw unprocessableRequest('', [{ path: ['until'], message }]);
}

/** Two different persons of the tenant; an agent decides for nobody, and nobody lets it. */
async function bothPersons(sql: TenantSql, { fromId, toId }: { fromId: string; toId: string }) {
  const known = await findApprovers(sql, [fromId, toId]);
  const from = personOf(known, fromId, 'from');
  const to = personOf(known, toId, 'to');
  if (from.personId === to.personId)
    throw unprocessableRequest('', [
      { path: ['to'], message: 'must be somebody else than the one who delegates' },
    ]);
  if ((await countDelegators(sql, to.id)) >= MOST_DELEGATORS)
    throw new ProblemError(
      'quota_exceeded',
      `${to.name} decides in the place of ${MOST_DELEGATORS} others already, and no more are kept. End one of those delegations, or name somebody else.`,
    );
  return { from, to };
}

function personOf(known: readonly Approver[], id: string, field: 'from' | 'to'): Approver {
  const person = known.find(each => each.id === id);
  const why =
    !person || person.disabled
      ? 'there is no such person in this tenant'
      : 'is an agent; only persons delegate, and only to persons';
  if (person && !person.disabled && person.kind === 'human') return person;
  throw unprocessableRequest('', [{ path: [field], message: why }]);
}

async function found(sql: TenantSql, id: string): Promise<Delegation> {
  const delegation = await findDelegation(sql, id);
  if (delegation) return delegation;
  throw notFound('delegation', id);
}

function recordOf(
  action: 'delegation.create' | 'delegation.revoke',
  { by, delegation }: { readonly by: Author; readonly delegation: Delegation },
): NewAuditRecord {
  const { id, from, to, until, reason } = delegation;
  return {
    ...by,
    action,
    object: { kind: 'delegation', id, name: `${from.name} → ${to.name}` },
    outcome: 'succeeded',
    reason,
    details: { from: from.id, to: to.id, until },
  };
}
