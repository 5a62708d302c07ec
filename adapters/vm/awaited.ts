import type { Begun } from '../../domain/change.ts';

/** What is waited for after a verb has begun. */
export type Awaited = Begun['awaiting'] &
  (
    | { readonly for: 'running'; readonly revision: string; readonly notUid?: string }
    | { readonly for: 'stopped' | 'gone' }
    | { readonly for: 'snapshot'; readonly name: string }
    | { readonly for: 'migration'; readonly name: string }
    | { readonly for: 'removal'; readonly kind: 'snapshot' | 'migration'; readonly name: string }
  );
