import type { Route } from '../openapi/route.ts';
import { RuntimeKindListResponse } from './kinds.schemas.ts';

/** What this cluster can make. */
export const kindRoutes: readonly Route[] = [
  {
    operationId: 'listRuntimeKinds',
    method: 'get',
    path: '/runtime-kinds',
    tag: 'Runtimes',
    summary: 'List the kinds of runtimes',
    description:
      'What each adapter can do, what its sizes mean, and what is still to be installed before it can make one. The same for every tenant.',
    permission: 'runtime:read',
    answer: { status: 200, description: 'All kinds, built-in ones first', schema: RuntimeKindListResponse },
  },
];
