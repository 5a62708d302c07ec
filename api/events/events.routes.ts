import type { Route } from '../openapi/route.ts';
import { EventListQuery, EventListResponse } from './events.schemas.ts';

/** What has happened to a runtime. */
export const eventRoutes: readonly Route[] = [
  {
    operationId: 'listEvents',
    method: 'get',
    path: '/runtimes/{runtime_id}/events',
    tag: 'Events',
    summary: 'List runtime events (audit + ops feedback)',
    description:
      'Oldest first. With `Accept: text/event-stream` the same events come as they happen, each with its sequence as id; after a break `Last-Event-ID` goes on without a gap.',
    permission: 'event:read',
    query: EventListQuery,
    answer: {
      status: 200,
      description: 'One page',
      schema: EventListResponse,
      eventStream: 'id: 7\nevent: deploy.verifying\ndata: {"id":"evt_…","sequence":7,…}\n\n',
    },
    problems: ['events_gone'],
  },
];
