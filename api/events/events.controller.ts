import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../domain/principal.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe, invalidRequest } from '../http/schema.pipe.ts';
import { EventStreams } from './event-streams.ts';
import { EventListQuery, MAX_SEQUENCE } from './events.schemas.ts';
import { EventsService } from './events.service.ts';

const RuntimeId = () => Param('runtime_id', new IdPipe('runtime'));

@Controller('v1/runtimes/:runtime_id/events')
export class EventsController {
  readonly #events: EventsService;
  readonly #streams: EventStreams;

  constructor(events: EventsService, streams: EventStreams) {
    this.#events = events;
    this.#streams = streams;
  }

  @Get()
  @Requires('event:read')
  async list(
    @Caller() caller: Principal,
    @RuntimeId() runtimeId: string,
    @Query({ schema: EventListQuery }) query: EventListQuery,
    @Headers() headers: Record<string, string | undefined>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const position = positionOf(headers['last-event-id']);
    if (!headers['accept']?.includes('text/event-stream')) {
      await reply.send(await this.#events.list(caller, runtimeId, query));
      return;
    }
    const after = position ?? query.after ?? 0;
    await this.#events.mustBeKept(caller, runtimeId, after);
    this.#streams.open(reply, { caller, runtimeId, after });
  }
}

function positionOf(lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  if (/^[0-9]{1,15}$/.test(lastEventId)) return Math.min(Number(lastEventId), MAX_SEQUENCE);
  throw invalidRequest('/headers', [
    { path: ['Last-Event-ID'], message: 'must be the sequence of an event' },
  ]);
}
