import 'reflect-metadata';
import fastifyStatic from '@fastify/static';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { ApprovalsController } from './approvals/approvals.controller.ts';
import { ApprovalsService } from './approvals/approvals.service.ts';
import { AuditController } from './audit/audit.controller.ts';
import { AuditService } from './audit/audit.service.ts';
import { ActionsController } from './changes/actions.controller.ts';
import { ActionsService } from './changes/actions.service.ts';
import { ChangesService } from './changes/changes.service.ts';
import { IntentsController } from './changes/intents.controller.ts';
import { IntentsService } from './changes/intents.service.ts';
import { LifecycleController } from './changes/lifecycle.controller.ts';
import { DelegationsController } from './delegations/delegations.controller.ts';
import { DelegationsService } from './delegations/delegations.service.ts';
import { DeploymentsController } from './deployments/deployments.controller.ts';
import { DeploymentsService } from './deployments/deployments.service.ts';
import { EventStreams } from './events/event-streams.ts';
import { EventsController } from './events/events.controller.ts';
import { EventsService } from './events/events.service.ts';
import { HealthController, ProbesController } from './health/health.controller.ts';
import { HealthService } from './health/health.service.ts';
import { measureParts } from './health/health-metrics.ts';
import { MetricsController } from './health/metrics.controller.ts';
import { collectMethods } from './http/allowed-methods.ts';
import { AuthGuard } from './http/auth.guard.ts';
import { databaseProblem } from './http/database-problem.ts';
import { Denials } from './http/denials.ts';
import { Leaving } from './http/leaving.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { followRequests, ProjectGuard } from './http/project-access.ts';
import { RateLimits } from './http/rate-limit.ts';
import { observeRequests } from './http/request-log.ts';
import { SchemaPipe } from './http/schema.pipe.ts';
import { createAdapter, endWaitingFirst } from './http/server.ts';
import { temporalProblem } from './http/temporal-problem.ts';
import { createAuthentication } from './identity/authenticating.ts';
import { WhoamiController } from './identity/whoami.controller.ts';
import { KeysController } from './keys/keys.controller.ts';
import { KeysService } from './keys/keys.service.ts';
import { KindsController } from './kinds/kinds.controller.ts';
import { KindsService } from './kinds/kinds.service.ts';
import { MembersController } from './members/members.controller.ts';
import { MembersService } from './members/members.service.ts';
import { DocumentText } from './openapi/document-text.ts';
import { OpenApiController } from './openapi/openapi.controller.ts';
import { operationIdOf } from './openapi/operation-ids.ts';
import { REFERENCE_FILES } from './openapi/reference-page.ts';
import { OperationsController } from './operations/operations.controller.ts';
import { OperationsService } from './operations/operations.service.ts';
import { JudgementsController } from './policies/judgements.controller.ts';
import { JudgementsService } from './policies/judgements.service.ts';
import { PoliciesController } from './policies/policies.controller.ts';
import { PoliciesService } from './policies/policies.service.ts';
import { ProjectsController } from './projects/projects.controller.ts';
import { ProjectsService } from './projects/projects.service.ts';
import { RuntimesController } from './runtimes/runtimes.controller.ts';
import { RuntimesService } from './runtimes/runtimes.service.ts';
import { type ApiParts, createServices, type Services } from './services.ts';
import { TenantsController } from './tenants/tenants.controller.ts';
import { TenantsService } from './tenants/tenants.service.ts';

/** All controllers; a test holds each of their routes to a stated permission and to the document. */
export const CONTROLLERS = [
  RuntimesController,
  DeploymentsController,
  OperationsController,
  ApprovalsController,
  DelegationsController,
  EventsController,
  KindsController,
  LifecycleController,
  ActionsController,
  IntentsController,
  PoliciesController,
  JudgementsController,
  TenantsController,
  ProjectsController,
  MembersController,
  WhoamiController,
  KeysController,
  AuditController,
  HealthController,
  ProbesController,
  MetricsController,
  OpenApiController,
];

/** Builds the HTTP application; it listens when told to. */
export async function createApp(parts: ApiParts): Promise<NestFastifyApplication> {
  const { log, registry, database } = parts;
  const adapter = createAdapter();
  const server = adapter.getInstance<FastifyInstance>();
  const allowedMethods = collectMethods(server);
  observeRequests(server, { log, registry });
  followRequests(server);
  const services = createServices(parts);
  measureParts(registry, services.health);
  const app = await NestFactory.create<NestFastifyApplication>(apiModule(services), adapter, {
    bodyParser: false,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  await app.register(fastifyStatic, REFERENCE_FILES);
  const { changes, issuers = [] } = parts;
  const { authentication, close } = createAuthentication({ database, changes, issuers, log });
  server.addHook('onClose', close);
  app.useGlobalGuards(
    new AuthGuard(presented => authentication.identify(presented), limitsOf(parts)),
    new ProjectGuard(),
  );
  app.useGlobalPipes(new SchemaPipe());
  const denials = new Denials({ database, log, registry, operationIdOf });
  denials.closeWith(server);
  app.useGlobalFilters(
    new ProblemFilter({
      log,
      translators: [databaseProblem, temporalProblem],
      allowedMethods,
      onProblem: (request, problem) => denials.record(request, problem),
    }),
  );
  endWaitingFirst(server, () => {
    services.leaving.shutDown();
    services.streams.close();
  });
  await app.init();
  return app;
}

@Module({})
class ApiModule {}

function apiModule(services: Services): DynamicModule {
  const providers = [
    { provide: Registry, useValue: services.registry },
    { provide: RuntimesService, useValue: services.runtimes },
    { provide: OperationsService, useValue: services.operations },
    { provide: DeploymentsService, useValue: services.deployments },
    { provide: ApprovalsService, useValue: services.approvals },
    { provide: DelegationsService, useValue: services.delegations },
    { provide: EventsService, useValue: services.events },
    { provide: ChangesService, useValue: services.changes },
    { provide: ActionsService, useValue: services.actions },
    { provide: IntentsService, useValue: services.intents },
    { provide: PoliciesService, useValue: services.policies },
    { provide: JudgementsService, useValue: services.judgements },
    { provide: KeysService, useValue: services.keys },
    { provide: KindsService, useValue: services.kinds },
    { provide: TenantsService, useValue: services.tenants },
    { provide: ProjectsService, useValue: services.projects },
    { provide: MembersService, useValue: services.members },
    { provide: AuditService, useValue: services.audit },
    { provide: Leaving, useValue: services.leaving },
    { provide: EventStreams, useValue: services.streams },
    { provide: HealthService, useValue: services.health },
    { provide: DocumentText, useValue: services.document },
  ];
  return { module: ApiModule, controllers: CONTROLLERS, providers };
}

function limitsOf({ rateLimitPerMinute = 0 }: ApiParts): RateLimits | undefined {
  return rateLimitPerMinute > 0 ? new RateLimits({ perMinute: rateLimitPerMinute }) : undefined;
}
