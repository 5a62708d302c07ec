import 'reflect-metadata';
import fastifyStatic from '@fastify/static';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Client } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { authenticate } from '../db/api-keys.ts';
import type { Changes } from '../db/changes.ts';
import type { Database } from '../db/database.ts';
import { listEvents } from '../db/events.ts';
import { observerAgeSeconds } from '../db/health.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { Log } from '../process/log.ts';
import { ApprovalsController } from './approvals/approvals.controller.ts';
import { ApprovalsService } from './approvals/approvals.service.ts';
import { Admissions } from './deployments/admissions.ts';
import { DeploymentsController } from './deployments/deployments.controller.ts';
import { DeploymentsService } from './deployments/deployments.service.ts';
import { Deploys } from './deployments/deploys.ts';
import { EventFeed } from './events/event-feed.ts';
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
import { Leaving } from './http/leaving.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { observeRequests } from './http/request-log.ts';
import { SchemaPipe } from './http/schema.pipe.ts';
import { createAdapter, endWaitingFirst } from './http/server.ts';
import { temporalProblem } from './http/temporal-problem.ts';
import { DocumentText } from './openapi/document-text.ts';
import { OpenApiController } from './openapi/openapi.controller.ts';
import { REFERENCE_FILES } from './openapi/reference-page.ts';
import { OperationMessages } from './operations/operation-messages.ts';
import { OperationsController } from './operations/operations.controller.ts';
import { OperationsService } from './operations/operations.service.ts';
import { RuntimesController } from './runtimes/runtimes.controller.ts';
import { RuntimesService } from './runtimes/runtimes.service.ts';

/** Everything the API stands on; whoever starts it brings it and closes it. */
export interface ApiParts {
  readonly database: Database;
  readonly temporal: Client;
  readonly changes: Changes;
  readonly log: Log;
  readonly registry: Registry;
  /** Age at which what the observer saw no longer counts. */
  readonly factsMaxAgeSeconds: number;
  readonly temporalUiUrl?: string | undefined;
}

/** All controllers; a test holds each of their routes to a stated permission and to the document. */
export const CONTROLLERS = [
  RuntimesController,
  DeploymentsController,
  OperationsController,
  ApprovalsController,
  EventsController,
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
  const services = createServices(parts);
  measureParts(registry, services.health);
  const app = await NestFactory.create<NestFastifyApplication>(apiModule(services), adapter, {
    bodyParser: false,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  await app.register(fastifyStatic, REFERENCE_FILES);
  app.useGlobalGuards(new AuthGuard(token => authenticate(database, token)));
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(
    new ProblemFilter({ log, translators: [databaseProblem, temporalProblem], allowedMethods }),
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

type Services = ReturnType<typeof createServices>;

function createServices(parts: ApiParts) {
  const { database, temporal, changes, registry, log } = parts;
  const maxAgeSeconds = parts.factsMaxAgeSeconds;
  const deploys = new Deploys({ database, admissions: new Admissions({ temporal, registry }) });
  const messages = new OperationMessages({ database, temporal });
  const runtimes = new RuntimesService({ database, deploys, maxAgeSeconds });
  const operations = new OperationsService({ database, messages, changes, workflowUrl: workflowUrls(parts) });
  const feed = new EventFeed({
    read: ({ tenantId, runtimeId, after, limit }) =>
      listEvents(database.forTenant(tenantId), { runtimeId, afterSequence: after, limit }),
    changes,
    log,
  });
  return {
    registry,
    runtimes,
    operations,
    deployments: new DeploymentsService({ database, deploys, runtimes, operations }),
    approvals: new ApprovalsService({ database, messages }),
    events: new EventsService({ database, runtimes }),
    leaving: new Leaving(),
    streams: new EventStreams({ feed, registry }),
    health: new HealthService({
      version: packageJson.version,
      log,
      probes: {
        database: () => observerAgeSeconds(database),
        temporal: () =>
          temporal.withDeadline(Date.now() + 2000, () =>
            temporal.connection.workflowService.getSystemInfo({}),
          ),
      },
    }),
    document: new DocumentText(packageJson.version),
  };
}

function apiModule(services: Services): DynamicModule {
  const providers = [
    { provide: Registry, useValue: services.registry },
    { provide: RuntimesService, useValue: services.runtimes },
    { provide: OperationsService, useValue: services.operations },
    { provide: DeploymentsService, useValue: services.deployments },
    { provide: ApprovalsService, useValue: services.approvals },
    { provide: EventsService, useValue: services.events },
    { provide: Leaving, useValue: services.leaving },
    { provide: EventStreams, useValue: services.streams },
    { provide: HealthService, useValue: services.health },
    { provide: DocumentText, useValue: services.document },
  ];
  return { module: ApiModule, controllers: CONTROLLERS, providers };
}

function workflowUrls({ temporalUiUrl, temporal }: ApiParts) {
  const { namespace } = temporal.options;
  return ({ workflowId, runId }: { workflowId: string; runId: string }) =>
    temporalUiUrl
      ? `${temporalUiUrl.replace(/\/$/, '')}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`
      : null;
}
