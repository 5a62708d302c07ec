import type { Database } from '../../db/database.ts';
import { listSnapshots } from '../../db/snapshots.ts';
import type { Order } from '../../domain/change-operation.ts';
import { newId } from '../../domain/ids.ts';
import type { Operation, OperationKind } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Commands } from '../commands/commands.ts';
import type { Begun } from '../http/answer.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import type { OperationsService } from '../operations/operations.service.ts';
import type { RuntimesService } from '../runtimes/runtimes.service.ts';
import { changeBeginning } from './change-beginning.ts';

interface ChangeParts {
  readonly database: Database;
  readonly commands: Commands;
  readonly runtimes: RuntimesService;
  readonly operations: OperationsService;
}

/** A change that a request asks for, with what makes it one of its kind. */
export interface ChangeRequest {
  readonly caller: Principal;
  readonly runtimeId: string;
  readonly key: string | undefined;
  /** What of the runtime's calls it is, e.g. `stop`: a key belongs to one of them. */
  readonly route: string;
  readonly body: unknown;
  readonly kind: Exclude<OperationKind, 'deploy' | 'intent' | 'create'>;
  readonly orders: () => readonly Order[];
  readonly ifVersions?: readonly number[] | undefined;
  readonly reason?: string | null | undefined;
}

/** What is done to runtimes of the caller’s tenant. */
export class ChangesService {
  readonly #parts: ChangeParts;

  constructor(parts: ChangeParts) {
    this.#parts = parts;
  }

  /** Begins a change. The runtime is looked for first: the lock is one for all tenants. */
  async begin(request: ChangeRequest): Promise<Begun<Operation>> {
    const { caller, runtimeId, key, kind, ifVersions, reason } = request;
    const { runtimes, commands, operations } = this.#parts;
    const about = await runtimes.read(caller, runtimeId);
    const ids = { operationId: newId('operation'), runtimeId };
    const route = `${runtimeId} ${request.route}`;
    const orders = request.orders();
    const claimed = await commands.begin(
      { caller, project: about.project, key, route, body: request.body, ids },
      ids =>
        changeBeginning({
          caller,
          ids,
          about,
          kind,
          orders,
          ...(ifVersions && { ifVersions }),
          ...(reason && { reason }),
        }),
    );
    return operations.begun(caller, claimed);
  }

  async snapshots(caller: Principal, runtimeId: string, paging: Paging) {
    await this.#parts.runtimes.read(caller, runtimeId);
    const sql = this.#parts.database.forTenant(caller.tenantId);
    return pageAnswer(await listSnapshots(sql, { runtimeId, ...pageRequest(paging) }));
  }
}
