import type { Begun } from '../../domain/change.ts';

/** What is waited for after a verb has begun. */
export type Awaited =
  | { readonly for: 'running'; readonly replicas: number }
  | { readonly for: 'stopped' | 'gone' | 'nothing' }
  | { readonly for: 'snapshot'; readonly request: string; readonly url: string };

type Awaiting = Awaited & Begun['awaiting'];

/** Until all replicas run what was last asked for. */
export function running(replicas: number): Awaiting {
  return { for: 'running', replicas };
}

/** Until no pod of it is left. */
export function stopped(): Awaiting {
  return { for: 'stopped' };
}

/** Until no object of it is left. */
export function gone(): Awaiting {
  return { for: 'gone' };
}

/** Nothing: it is done already. */
export function nothing(): Awaiting {
  return { for: 'nothing' };
}

/** Until the request for this snapshot has ended. */
export function snapshotTaken(request: string, url: string): Awaiting {
  return { for: 'snapshot', request, url };
}
