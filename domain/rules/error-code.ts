/**
 * Every way in which an operation goes wrong, and what that is called when nothing could be put back: `failed` when it
 * was tried and did not work, `errored` when the world could not be reached or a part broke. The same word is the type
 * of the activity's failure, the code in the database, in the events and in the API.
 */
const OUTCOME_OF = {
  chart_does_not_render: 'failed',
  values_refused: 'failed',
  manifest_refused: 'failed',
  release_too_large: 'failed',
  governance_settings_missing: 'failed',
  policy_denied: 'failed',
  cluster_refused: 'failed',
  cluster_unreachable: 'errored',
  slot_foreign: 'failed',
  slot_terminating: 'failed',
  field_conflict: 'failed',
  quota_exceeded: 'failed',
  release_busy: 'failed',
  release_not_found: 'failed',
  release_failed: 'failed',
  release_unreadable: 'failed',
  helm_interrupted: 'failed',
  helm_failed: 'failed',
  changed_outside: 'failed',
  plan_changed: 'failed',
  read_back_mismatch: 'failed',
  verification_failed: 'failed',
  rollback_failed: 'failed',
  kind_unavailable: 'failed',
  capability_not_supported: 'failed',
  change_impossible: 'failed',
  isolation_unavailable: 'failed',
  gpu_unavailable: 'failed',
  exposure_unavailable: 'failed',
  compliance_unavailable: 'failed',
  image_required: 'failed',
  snapshot_not_found: 'failed',
  snapshot_failed: 'failed',
  restore_failed: 'failed',
  migration_impossible: 'failed',
  migration_failed: 'failed',
  wrong_state: 'failed',
  object_gone: 'failed',
  step_failed: 'failed',
  cannot_plan: 'failed',
  timed_out: 'errored',
  unknown: 'errored',
} as const satisfies Readonly<Record<string, 'failed' | 'errored'>>;

export type ErrorCode = keyof typeof OUTCOME_OF;

/** Whether a word, e.g. the type of a failure, is one of ours. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(OUTCOME_OF, word);
}

/** What an operation with this error ended as, when nothing could be put back. */
export function outcomeOf(code: ErrorCode): 'failed' | 'errored' {
  return OUTCOME_OF[code];
}
