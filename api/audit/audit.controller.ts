import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { By } from '../http/author.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { AuditExportQuery, AuditListQuery } from './audit.schemas.ts';
import { AuditService } from './audit.service.ts';

const AuditId = () => Param('audit_id', new IdPipe('audit'));

@Controller('v1/audit')
export class AuditController {
  readonly #audit: AuditService;

  constructor(audit: AuditService) {
    this.#audit = audit;
  }

  @Get()
  @Requires('audit:read')
  list(@Caller() caller: Principal, @Query({ schema: AuditListQuery }) query: AuditListQuery) {
    return this.#audit.list(caller, query);
  }

  @Get('export')
  @Requires('audit:export')
  async export(
    @Caller() caller: Principal,
    @By() by: Author,
    @Query({ schema: AuditExportQuery }) query: AuditExportQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const lines = await this.#audit.export(caller, { by, query });
    await reply.header('content-type', 'application/jsonl').send(Readable.from(lines));
  }

  @Get('checkpoints')
  @Requires('audit:read')
  checkpoints(@Caller() caller: Principal, @Query({ schema: Paging }) paging: Paging) {
    return this.#audit.checkpoints(caller, paging);
  }

  @Get(':audit_id')
  @Requires('audit:read')
  read(@Caller() caller: Principal, @AuditId() auditId: string) {
    return this.#audit.read(caller, auditId);
  }

  @Get(':audit_id/proof')
  @Requires('audit:read')
  prove(@Caller() caller: Principal, @AuditId() auditId: string) {
    return this.#audit.prove(caller, auditId);
  }
}
