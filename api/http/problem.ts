import type { Problem } from '../../domain/problem.ts';
import type { RefusalCode } from '../../workflows/messages.ts';

/**
 * Every way in which the API says no: the HTTP status and the title of its problem document. What does not fit the
 * schema is 400 everywhere; 422 means that it was understood and cannot be granted as it stands.
 */
export const PROBLEMS = {
  invalid_request: [400, 'The request is not valid'],
  malformed_body: [400, 'The body is not JSON'],
  unauthenticated: [401, 'A valid API key or access token is needed'],
  permission_missing: [403, 'The key does not permit this'],
  may_not_act_for: [403, 'The agent may not act for this person'],
  other_tenant: [403, 'The key belongs to another tenant'],
  policy_denied: [403, 'A policy denies this'],
  four_eyes: [403, 'Somebody else must decide'],
  not_an_approver: [403, 'This decision does not count here'],
  not_found: [404, 'There is no such thing'],
  runtime_not_found: [404, 'There is no such runtime'],
  method_not_allowed: [405, 'This address does not take this method'],
  runtime_busy: [409, 'Another operation runs on this runtime'],
  operation_finished: [409, 'The operation has finished'],
  name_taken: [409, 'The name is taken'],
  policy_inherited: [409, 'The policy belongs to a tenant above'],
  last_admin: [409, 'The tenant would have no administrator'],
  runtime_on_hold: [409, 'The runtime holds after a rollback'],
  not_awaiting_approval: [409, 'No approval is awaited'],
  approval_expired: [409, 'The approval has expired'],
  already_decided: [409, 'It is decided already'],
  approval_changed: [409, 'It is not what you saw any more'],
  nothing_to_withdraw: [409, 'There is no decision to withdraw'],
  cannot_cancel_now: [409, 'It cannot be cancelled now'],
  does_not_need_attention: [409, 'It does not need attention'],
  another_operation: [409, 'Another operation runs on this runtime'],
  key_not_rotatable: [409, 'This key cannot be rotated now'],
  audit_not_sealed: [409, 'The record is not sealed yet'],
  runtime_deleted: [409, 'The runtime is deleted'],
  wrong_state: [409, 'The runtime is not in a state for this'],
  snapshot_name_taken: [409, 'The name of the snapshot is taken'],
  events_gone: [410, 'These events are no longer kept'],
  precondition_failed: [412, 'It has changed since you read it'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body must be application/json'],
  unprocessable_request: [422, 'The request fits its schema and still cannot be carried out'],
  idempotency_key_reused: [422, 'The Idempotency-Key was used for another request'],
  quota_exceeded: [422, 'The quota does not allow this'],
  capability_not_supported: [422, 'This kind of runtime cannot do this'],
  kind_unavailable: [422, 'The cluster lacks what this kind of runtime needs'],
  image_required: [422, 'An image must be named'],
  change_impossible: [422, 'This cannot be done to this runtime'],
  snapshot_not_found: [422, 'This runtime has no such snapshot'],
  cannot_plan: [422, 'No plan can be made of this goal'],
  rule_not_enforced: [422, 'A rule of the policy would not be enforced'],
  governance_settings_missing: [422, 'The governed endpoints are not configured'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'Something broke here'],
  temporal_unavailable: [503, 'Commands cannot be taken right now'],
  identity_unavailable: [503, 'The issuer of the token cannot be asked right now'],
  database_unavailable: [503, 'The records cannot be read right now'],
} as const satisfies Record<string, readonly [status: number, title: string]> &
  Record<RefusalCode, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Whether a word, e.g. from a workflow of another release, is one of ours. */
export function isProblemCode(word: unknown): word is ProblemCode {
  return typeof word === 'string' && Object.hasOwn(PROBLEMS, word);
}

interface Extras {
  readonly errors?: Problem['errors'];
  readonly operation?: Problem['operation'];
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a refused credential: the check that failed, in a word for records. */
  readonly reason?: string;
  /** Of a refused credential: its tenant, where that is sure. */
  readonly tenantId?: string;
  readonly cause?: unknown;
}

/** Thrown anywhere below a controller; the filter turns it into a problem document. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly extras: Extras;

  constructor(code: ProblemCode, detail: string, extras: Extras = {}) {
    super(detail, { cause: extras.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

/** The answer for an id that does not exist, that belongs to another tenant, or that is no id at all: all the same. */
export function notFound(noun: string, id: string): ProblemError {
  return new ProblemError(
    noun === 'runtime' ? 'runtime_not_found' : 'not_found',
    `There is no ${noun} ${id}.`,
  );
}

/** The document itself, as RFC 9457 has it. */
export function problemDocument(error: ProblemError, request: { id: string; url: string }): Problem {
  const [status, title] = PROBLEMS[error.code];
  const { errors, operation } = error.extras;
  return {
    type: `urn:runtimeai:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    instance: request.url.split('?')[0] ?? request.url,
    request_id: request.id,
    ...(errors && { errors }),
    ...(operation && { operation }),
  };
}
