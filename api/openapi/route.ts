import type { z } from 'zod';
import type { Permission } from '../../domain/principal.ts';
import type { ProblemCode } from '../http/problem.ts';

/** Everything the document says about one route; the tests hold the controllers to it. */
export interface Route {
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below /v1, with parameters in braces, as the contract writes them. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Nothing means that the route is public, or that any caller will do. */
  readonly permission?: Permission;
  /** Needs a key or token, and no permission. */
  readonly authenticated?: true;
  readonly query?: z.ZodObject;
  readonly body?: RouteBody;
  readonly answer: RouteAnswer;
  /** Takes If-Match: what it changes has an ETag. */
  readonly ifMatch?: boolean;
  /** What it changes is a plain setting: no workflow carries it out, so it needs no Temporal. */
  readonly withoutTemporal?: boolean;
  /** A question that is too large for an address: sent by POST, it begins nothing, so that no key has to be kept for it. */
  readonly changesNothing?: boolean;
  /** Beyond those every route of its kind can answer with. */
  readonly problems?: readonly ProblemCode[];
}

export interface RouteBody {
  readonly schema: z.ZodType;
  readonly required: boolean;
  readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

export interface RouteAnswer {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** Nothing means that the answer has no body. */
  readonly schema?: z.ZodType;
  readonly headers?: readonly (keyof typeof ANSWER_HEADERS)[];
  /** Also answered as a stream of server-sent events. */
  readonly eventStream?: string;
  /** Answered as JSON Lines; an example of one. */
  readonly jsonLines?: string;
  /** Also answered as Markdown, for people; an example of it. */
  readonly markdown?: string;
}

/** Headers an answer may carry, beside those that all of its kind carry. */
export const ANSWER_HEADERS = {
  ETag: 'The version, a dot and a digest of this answer. Send it in If-Match with an edit, which compares the version, or in If-None-Match with the same GET',
  Location: 'Where what was made or begun is to be found',
  'Operation-Location': 'The operation that does the work',
  'Idempotent-Replayed': '`true` when this Idempotency-Key was used before and nothing new was begun',
  'Retry-After':
    'Seconds after which to ask again: while an operation has not finished, a limit is used up, or a part is away',
} as const;

/** Whether a route is for known callers only. */
export function needsCaller({ permission, authenticated }: Route): boolean {
  return permission !== undefined || authenticated === true;
}

/** What any route may answer with, by what it takes. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = [...(route.problems ?? []), 'internal'];
  if (route.query || route.body) codes.push('invalid_request', 'unprocessable_request');
  if (route.permission) codes.push('permission_missing');
  if (needsCaller(route))
    codes.push(
      'unauthenticated',
      'may_not_act_for',
      'other_tenant',
      'rate_limited',
      'identity_unavailable',
      'database_unavailable',
    );
  if (route.path.includes('{'))
    codes.push(route.path.startsWith('/runtimes') ? 'runtime_not_found' : 'not_found');
  if (route.method === 'post') codes.push('invalid_request');
  if (route.method === 'post' && !route.changesNothing) codes.push('idempotency_key_reused');
  if (route.method !== 'get')
    codes.push('malformed_body', 'unprocessable_request', 'body_too_large', 'unsupported_media_type');
  if (route.method !== 'get' && !route.withoutTemporal) codes.push('temporal_unavailable');
  if (route.ifMatch) codes.push('precondition_failed');
  return [...new Set(codes)];
}
