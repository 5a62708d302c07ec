import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { NamePipe } from '../http/name.pipe.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { KeyCreateRequest, KeyListQuery, KeyRotateRequest } from './keys.schemas.ts';
import { KeysService } from './keys.service.ts';

const KeyId = () => Param('key_id', new NamePipe('key', z.string().regex(/^[0-9a-f]{16}$/)));

@Controller('v1/keys')
export class KeysController {
  readonly #keys: KeysService;

  constructor(keys: KeysService) {
    this.#keys = keys;
  }

  @Post()
  @Requires('key:own')
  async create(
    @Caller() caller: Principal,
    @By() by: Author,
    @Body({ schema: KeyCreateRequest }) request: KeyCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#keys.create({ caller, by, request, key }));
  }

  @Get()
  @Requires('key:own')
  list(@Caller() caller: Principal, @Query({ schema: KeyListQuery }) query: KeyListQuery) {
    return this.#keys.list(caller, query);
  }

  @Get(':key_id')
  @Requires('key:own')
  read(@Caller() caller: Principal, @KeyId() keyId: string) {
    return this.#keys.read(caller, keyId);
  }

  @Post(':key_id/rotate')
  @Requires('key:own')
  async rotate(
    @Caller() caller: Principal,
    @By() by: Author,
    @KeyId() keyId: string,
    @Body({ schema: KeyRotateRequest }) request: KeyRotateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#keys.rotate(keyId, { caller, by, request, key }));
  }

  @Delete(':key_id')
  @HttpCode(204)
  @Requires('key:own')
  async revoke(@Caller() caller: Principal, @By() by: Author, @KeyId() keyId: string) {
    await this.#keys.revoke(caller, { keyId, by });
  }
}
