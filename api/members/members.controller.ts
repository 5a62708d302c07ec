import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
import { type ExpectedVersions, IfMatch, tagged } from '../http/etag.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { IdPipe } from '../http/schema.pipe.ts';
import { MemberChangeRequest, MemberCreateRequest, MemberListQuery } from './members.schemas.ts';
import { MembersService } from './members.service.ts';

const MemberId = () => Param('principal_id', new IdPipe('principal'));

@Controller('v1/members')
export class MembersController {
  readonly #members: MembersService;

  constructor(members: MembersService) {
    this.#members = members;
  }

  @Post()
  @Requires('member:write')
  async create(
    @Caller() caller: Principal,
    @By() by: Author,
    @Body({ schema: MemberCreateRequest }) request: MemberCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#members.create({ caller, by, request, key }));
  }

  @Get()
  @Requires('member:read')
  list(@Caller() caller: Principal, @Query({ schema: MemberListQuery }) query: MemberListQuery) {
    return this.#members.list(caller, query);
  }

  @Get(':principal_id')
  @Requires('member:read')
  async read(
    @Caller() caller: Principal,
    @MemberId() memberId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged({ request, reply }, await this.#members.read(caller, memberId));
  }

  @Put(':principal_id')
  @Requires('member:write')
  async change(
    @Caller() caller: Principal,
    @By() by: Author,
    @MemberId() memberId: string,
    @Body({ schema: MemberChangeRequest }) change: MemberChangeRequest,
    @IfMatch() expected: ExpectedVersions,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { caller, by, memberId, expected };
    return tagged({ request, reply }, await this.#members.change(change, command));
  }

  @Delete(':principal_id')
  @HttpCode(204)
  @Requires('member:write')
  async disable(
    @Caller() caller: Principal,
    @By() by: Author,
    @MemberId() memberId: string,
    @IfMatch() expected: ExpectedVersions,
  ) {
    await this.#members.disable({ caller, by, memberId, expected });
  }
}
