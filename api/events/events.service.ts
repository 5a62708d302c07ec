import type { Database } from '../../db/database.ts';
import { keptEvents, listEvents } from '../../db/events.ts';
import type { Principal } from '../../domain/principal.ts';
import { ProblemError } from '../http/problem.ts';
import type { RuntimesService } from '../runtimes/runtimes.service.ts';
import type { EventListQuery, EventListResponse } from './events.schemas.ts';

interface EventParts {
  readonly database: Database;
  readonly runtimes: RuntimesService;
}

/** What happened to the runtimes of the caller’s tenant. */
export class EventsService {
  readonly #parts: EventParts;

  constructor(parts: EventParts) {
    this.#parts = parts;
  }

  async list(
    caller: Principal,
    runtimeId: string,
    { after, since, limit }: EventListQuery,
  ): Promise<EventListResponse> {
    await this.mustBeKept(caller, runtimeId, after ?? 0);
    const items = await listEvents(this.#parts.database.forTenant(caller.tenantId), {
      runtimeId,
      afterSequence: after,
      since: since === undefined ? undefined : new Date(since),
      limit,
    });
    return { items, next_after: items.at(-1)?.sequence ?? after ?? 0 };
  }

  /** 404 without the runtime; 410 when what follows `after` is no longer there, so that nobody misses it unknowingly. */
  async mustBeKept(caller: Principal, runtimeId: string, after: number): Promise<void> {
    await this.#parts.runtimes.read(caller, runtimeId);
    if (after === 0) return;
    const kept = await keptEvents(this.#parts.database.forTenant(caller.tenantId), runtimeId);
    if (kept === undefined || after + 1 >= kept.oldest) return;
    throw new ProblemError(
      'events_gone',
      `The oldest event kept of ${runtimeId} is ${kept.oldest}; what follows ${after} is gone. Begin again without a position.`,
    );
  }
}
