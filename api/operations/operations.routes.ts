import { Operation } from '../../domain/operation.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import {
  CancelRequest,
  OperationListQuery,
  OperationListResponse,
  OperationQuery,
  ResolveRequest,
} from './operations.schemas.ts';

/** Looking at asynchronous work, and having a say in it. */
export const operationRoutes: readonly Route[] = [
  {
    operationId: 'getOperation',
    method: 'get',
    path: '/operations/{operation_id}',
    tag: 'Runtimes',
    summary: 'Get async operation',
    permission: 'operation:read',
    query: OperationQuery,
    answer: { status: 200, description: 'The operation', schema: Operation, headers: ['Retry-After'] },
  },
  {
    operationId: 'listOperations',
    method: 'get',
    path: '/operations',
    tag: 'Operations',
    summary: 'List operations',
    permission: 'operation:read',
    query: OperationListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: OperationListResponse },
  },
  {
    operationId: 'cancelOperation',
    method: 'post',
    path: '/operations/{operation_id}/cancel',
    tag: 'Operations',
    summary: 'Cancel an operation',
    description: 'Before anything was changed it just ends; after that, what was there before is put back.',
    permission: 'operation:cancel',
    body: { schema: CancelRequest, required: false, examples: EXAMPLES.cancelOperation },
    answer: {
      status: 202,
      description: 'It is being cancelled',
      schema: Operation,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['cannot_cancel_now', 'operation_finished'],
  },
  {
    operationId: 'resolveOperation',
    method: 'post',
    path: '/operations/{operation_id}/resolve',
    tag: 'Operations',
    summary: 'Say what shall become of an operation that needs attention',
    permission: 'operation:resolve',
    body: { schema: ResolveRequest, required: true, examples: EXAMPLES.resolveOperation },
    answer: {
      status: 202,
      description: 'It goes on',
      schema: Operation,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['does_not_need_attention', 'operation_finished'],
  },
];
