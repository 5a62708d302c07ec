import { Body, Controller, Get, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Author } from '../../db/author.ts';
import type { Principal } from '../../domain/principal.ts';
import { ProjectName } from '../../domain/tenant.ts';
import { begun } from '../http/answer.ts';
import { By } from '../http/author.ts';
import { type ExpectedVersions, IfMatch, tagged } from '../http/etag.ts';
import { IdempotencyKey } from '../http/idempotency.ts';
import { NamePipe } from '../http/name.pipe.ts';
import { Paging } from '../http/paging.ts';
import { Requires } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import { MembersService } from '../members/members.service.ts';
import { ProjectChangeRequest, ProjectCreateRequest } from './projects.schemas.ts';
import { ProjectsService } from './projects.service.ts';

const Project = () => Param('project', new NamePipe('project', ProjectName));

@Controller('v1/projects')
export class ProjectsController {
  readonly #projects: ProjectsService;
  readonly #members: MembersService;

  constructor(projects: ProjectsService, members: MembersService) {
    this.#projects = projects;
    this.#members = members;
  }

  @Post()
  @Requires('project:write')
  async create(
    @Caller() caller: Principal,
    @By() by: Author,
    @Body({ schema: ProjectCreateRequest }) request: ProjectCreateRequest,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return begun(reply, await this.#projects.create({ caller, by, request, key }));
  }

  @Get()
  @Requires('project:read')
  list(@Caller() caller: Principal, @Query({ schema: Paging }) paging: Paging) {
    return this.#projects.list(caller, paging);
  }

  @Get(':project')
  @Requires('project:read')
  async read(
    @Caller() caller: Principal,
    @Project() project: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged({ request, reply }, await this.#projects.read(caller, project));
  }

  @Put(':project')
  @Requires('quota:write')
  async change(
    @Caller() caller: Principal,
    @By() by: Author,
    @Project() project: string,
    @Body({ schema: ProjectChangeRequest }) change: ProjectChangeRequest,
    @IfMatch() expected: ExpectedVersions,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { caller, by, request: change, expected };
    return tagged({ request, reply }, await this.#projects.change(project, command));
  }

  @Get(':project/members')
  @Requires('member:read')
  async members(
    @Caller() caller: Principal,
    @Project() project: string,
    @Query({ schema: Paging }) paging: Paging,
  ) {
    await this.#projects.read(caller, project);
    return this.#members.list(caller, { ...paging, project });
  }
}
