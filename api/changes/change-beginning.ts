import type { ChangeRuntimeInput } from '../../domain/change-operation.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Beginning, RuntimeTitle } from '../commands/admissions.ts';
import { requesterOf } from '../http/request.ts';

/** A change as its route understood it. */
export interface ChangeCommand
  extends Pick<ChangeRuntimeInput, 'kind' | 'orders' | 'create' | 'intent' | 'ifVersions' | 'reason'> {
  readonly caller: Principal;
  readonly ids: { readonly operationId: string; readonly runtimeId: string };
  readonly about: RuntimeTitle;
}

/** The workflow behind a change. */
export function changeBeginning({ caller, ids, about, ...change }: ChangeCommand): Beginning {
  const verbs = change.orders.map(({ wish }) => wish.verb);
  const goal = change.intent?.request.goal;
  const input: ChangeRuntimeInput = {
    ...change,
    ...ids,
    tenantId: caller.tenantId,
    requester: requesterOf(caller),
  };
  return {
    workflow: 'changeRuntime',
    input,
    about,
    what: goal ? `intent “${goal.slice(0, 80)}”` : verbs.join(', '),
    details: change.reason ? [change.reason] : [],
  };
}
