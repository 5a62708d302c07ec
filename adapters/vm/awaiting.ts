/** What a begun step waits for; kept by the workflow between calls. */
export type Awaiting = Readonly<Record<string, unknown>> &
  (
    | { readonly for: 'running'; readonly revision: string; readonly notUid?: string }
    | { readonly for: 'stopped' }
    | { readonly for: 'snapshot'; readonly name: string }
    | { readonly for: 'migration'; readonly name: string; readonly from: string }
    | { readonly for: 'removal'; readonly kind: 'snapshot' | 'migration'; readonly name: string }
    | { readonly for: 'nothing_left' }
  );
