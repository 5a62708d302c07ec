import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/permission.decorator.ts';
import type { ApiHealth } from './health.schemas.ts';
import { HealthService } from './health.service.ts';

@Controller('v1/health')
export class HealthController {
  readonly #health: HealthService;

  constructor(health: HealthService) {
    this.#health = health;
  }

  @Get()
  @Public()
  read(): Promise<ApiHealth> {
    return this.#health.read();
  }
}

/** What keeps a process running: it lives, and it can do its work. */
@Controller()
export class ProbesController {
  readonly #health: HealthService;

  constructor(health: HealthService) {
    this.#health = health;
  }

  @Get('live')
  @Public()
  live(): object {
    return { status: 'live' };
  }

  @Get('ready')
  @Public()
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    if (await this.#health.isReady()) return { status: 'ready' };
    void reply.code(503);
    return { status: 'not_ready', reason: 'the database does not answer' };
  }
}
