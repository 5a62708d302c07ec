import type { Route } from '../openapi/route.ts';
import { ApiHealth } from './health.schemas.ts';

/** Whether the API serves. */
export const healthRoutes: readonly Route[] = [
  {
    operationId: 'getHealth',
    method: 'get',
    path: '/health',
    tag: 'Health',
    summary: 'Health check',
    description: 'Answers 200 while the API serves, also when a part is away: then `status` is `degraded`.',
    answer: { status: 200, description: 'The API serves', schema: ApiHealth },
  },
];
