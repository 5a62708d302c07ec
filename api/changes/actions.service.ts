import { ZodError } from 'zod';
import type { Action } from '../../domain/action.ts';
import { orderOf } from '../../domain/action-orders.ts';
import type { Order } from '../../domain/change-operation.ts';
import type { Operation } from '../../domain/operation.ts';
import type { ActionPlan, ActionPlanRequest, Planner } from '../../domain/planner.ts';
import type { Prices } from '../../domain/rules/prices.ts';
import type { Begun } from '../http/answer.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import type { RuntimesService } from '../runtimes/runtimes.service.ts';
import type { ChangeCall } from './change-call.ts';
import type { ActionExecutionRequest } from './changes.schemas.ts';
import type { ChangesService } from './changes.service.ts';

interface ActionParts {
  readonly changes: ChangesService;
  readonly runtimes: RuntimesService;
  readonly planner: Planner;
  readonly prices: Prices | undefined;
}

/** Lists of actions: planned from a goal, and carried out. */
export class ActionsService {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /** What would be done for the goal, from what is known now; begins nothing. */
  async plan({ caller, runtimeId }: ChangeCall, request: ActionPlanRequest): Promise<ActionPlan> {
    const { runtimes, planner, prices } = this.#parts;
    const [runtime, status] = await Promise.all([
      runtimes.read(caller, runtimeId),
      runtimes.status(caller, runtimeId),
    ]);
    return planner.plan({
      runtime: { ...runtime, health: status.health },
      goal: request.goal,
      signals: { ...status.signals, ...request.signals },
      constraints: request.constraints ?? {},
      policyMode: request.policy_mode,
      ...(prices && { prices }),
    });
  }

  /** Begins one operation that carries the actions out in order. */
  execute(call: ChangeCall, { actions, idempotency_key }: ActionExecutionRequest): Promise<Begun<Operation>> {
    return this.#parts.changes.begin({
      ...call,
      key: call.key ?? idempotency_key ?? undefined,
      route: 'actions',
      body: actions,
      kind: 'actions',
      orders: () => actions.map(understood),
    });
  }
}

/** An action whose params do not fit is pointed at within the list. */
function understood(action: Action, index: number): Order {
  try {
    return orderOf(action);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const within = error.issues.map(issue => ({ ...issue, path: ['actions', index, ...issue.path] }));
    throw unprocessableRequest('', within);
  }
}
