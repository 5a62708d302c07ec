import { ApiKey } from '../../domain/api-key.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { KeyCreateRequest, KeyListQuery, KeyListResponse, KeyRotateRequest, NewKey } from './keys.schemas.ts';

const MADE = {
  status: 201,
  description: 'Made; the key itself is shown this once',
  schema: NewKey,
  headers: ['Location', 'Idempotent-Replayed'],
} as const;

/** API keys: how programs, and people without a login, show who they are. */
export const keyRoutes: readonly Route[] = [
  {
    operationId: 'createKey',
    method: 'post',
    path: '/keys',
    tag: 'Identity',
    summary: 'Make an API key',
    description:
      'One’s own, or with `key:write` another one’s. A key never does more than its principal may, and nobody makes one that could do more than they may themselves.',
    permission: 'key:own',
    body: { schema: KeyCreateRequest, required: true, examples: EXAMPLES.createKey },
    answer: MADE,
    problems: ['not_found'],
    withoutTemporal: true,
  },
  {
    operationId: 'listKeys',
    method: 'get',
    path: '/keys',
    tag: 'Identity',
    summary: 'List API keys, without their secrets',
    permission: 'key:own',
    query: KeyListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: KeyListResponse },
  },
  {
    operationId: 'getKey',
    method: 'get',
    path: '/keys/{key_id}',
    tag: 'Identity',
    summary: 'Get an API key, without its secret',
    permission: 'key:own',
    answer: { status: 200, description: 'The key', schema: ApiKey },
  },
  {
    operationId: 'rotateKey',
    method: 'post',
    path: '/keys/{key_id}/rotate',
    tag: 'Identity',
    summary: 'Make a key in the place of this one',
    description:
      'Both are good until the old one ends, at most a week from now. Two keys of one rotation may be in use at a time.',
    permission: 'key:own',
    body: { schema: KeyRotateRequest, required: true, examples: EXAMPLES.rotateKey },
    answer: MADE,
    problems: ['key_not_rotatable'],
    withoutTemporal: true,
  },
  {
    operationId: 'revokeKey',
    method: 'delete',
    path: '/keys/{key_id}',
    tag: 'Identity',
    summary: 'Revoke an API key',
    description: 'It is refused within a second, everywhere and for ever. Revoking it again changes nothing.',
    permission: 'key:own',
    withoutTemporal: true,
    answer: { status: 204, description: 'Revoked' },
  },
];
