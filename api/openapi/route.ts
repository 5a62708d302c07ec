import type { z } from 'zod';
import type { Permission } from '../../domain/principal.ts';
import type { ProblemCode } from '../http/problem.ts';

/** Everything the document says about one route; the tests hold the controllers to it. */
export interface Route {
  readonly operationId: string;
  readonly method: 'get' | 'post';
  /** Below /v1, with parameters in braces, as the contract writes them. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Nothing means that the route is public. */
  readonly permission?: Permission;
  readonly query?: z.ZodObject;
  readonly body?: RouteBody;
  readonly answer: RouteAnswer;
  /** Beyond those every route of its kind can answer with. */
  readonly problems?: readonly ProblemCode[];
}

export interface RouteBody {
  readonly schema: z.ZodType;
  readonly required: boolean;
  readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

export interface RouteAnswer {
  readonly status: 200 | 201 | 202;
  readonly description: string;
  readonly schema: z.ZodType;
  readonly headers?: readonly (keyof typeof ANSWER_HEADERS)[];
  /** Also answered as a stream of server-sent events. */
  readonly eventStream?: string;
}

/** Headers an answer may carry, beside X-Request-Id, which all carry. */
export const ANSWER_HEADERS = {
  Location: 'Where what was made or begun is to be found',
  'Operation-Location': 'The operation that does the work',
  'Idempotent-Replayed': '`true` when this Idempotency-Key was used before and nothing new was begun',
  'Retry-After': 'Seconds after which to ask again; sent while the operation has not finished',
} as const;

/** What any route may answer with, by what it takes. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = [...(route.problems ?? []), 'internal'];
  if (route.query || route.body) codes.push('invalid_request');
  if (route.permission)
    codes.push('unauthenticated', 'permission_missing', 'other_tenant', 'database_unavailable');
  if (route.path.includes('{'))
    codes.push(route.path.startsWith('/runtimes') ? 'runtime_not_found' : 'not_found');
  if (route.method === 'post')
    codes.push(
      'malformed_body',
      'body_too_large',
      'unsupported_media_type',
      'idempotency_key_reused',
      'temporal_unavailable',
    );
  return [...new Set(codes)];
}
