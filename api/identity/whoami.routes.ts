import type { Route } from '../openapi/route.ts';
import { Whoami } from './whoami.schemas.ts';

/** What the API takes the caller for. */
export const whoamiRoutes: readonly Route[] = [
  {
    operationId: 'whoami',
    method: 'get',
    path: '/whoami',
    tag: 'Identity',
    summary: 'Who the caller is, and what they may do',
    authenticated: true,
    answer: { status: 200, description: 'The caller', schema: Whoami },
  },
];
