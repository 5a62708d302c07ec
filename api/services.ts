import type { Client } from '@temporalio/client';
import { Registry } from 'prom-client';
import type { TrustedIssuer } from '../clients/oidc/token-verifier.ts';
import type { Changes } from '../db/changes.ts';
import type { Database } from '../db/database.ts';
import { listEvents } from '../db/events.ts';
import { observerAgeSeconds } from '../db/health.ts';
import { listRuntimeKinds } from '../db/runtime-kinds.ts';
import { createRulePlanner } from '../domain/rules/planner/plan.ts';
import type { Prices } from '../domain/rules/prices.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import packageJson from '../package.json' with { type: 'json' };
import { DEFAULT_SLOT_QUOTA } from '../process/config.ts';
import type { Log } from '../process/log.ts';
import { ApprovalsService } from './approvals/approvals.service.ts';
import { AuditService } from './audit/audit.service.ts';
import { ActionsService } from './changes/actions.service.ts';
import { ChangesService } from './changes/changes.service.ts';
import { IntentsService } from './changes/intents.service.ts';
import { Admissions } from './commands/admissions.ts';
import { Commands } from './commands/commands.ts';
import { DelegationsService } from './delegations/delegations.service.ts';
import { DeploymentsService } from './deployments/deployments.service.ts';
import { EventFeed } from './events/event-feed.ts';
import { EventStreams } from './events/event-streams.ts';
import { EventsService } from './events/events.service.ts';
import { HealthService } from './health/health.service.ts';
import { Leaving } from './http/leaving.ts';
import { databaseOfCallers } from './http/project-access.ts';
import { KeysService } from './keys/keys.service.ts';
import { KindsService } from './kinds/kinds.service.ts';
import { MembersService } from './members/members.service.ts';
import { DocumentText } from './openapi/document-text.ts';
import { OperationMessages } from './operations/operation-messages.ts';
import { OperationsService } from './operations/operations.service.ts';
import { JudgementsService } from './policies/judgements.service.ts';
import { PoliciesService } from './policies/policies.service.ts';
import { ProjectsService } from './projects/projects.service.ts';
import { RuntimesService } from './runtimes/runtimes.service.ts';
import { StatusBoard } from './status/status-board.ts';
import { TenantsService } from './tenants/tenants.service.ts';

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
  /** Image of an agent that names none. */
  readonly defaultAgentImage?: string | undefined;
  /** What plans reckon with; relative units when left out. */
  readonly prices?: Prices | undefined;
  /** What the keys it makes begin with; `dev` when left out. */
  readonly installation?: string | undefined;
  /** What a new project may hold that states nothing. */
  readonly defaultQuota?: SlotQuota | undefined;
  /** Whose tokens are taken; without any, only API keys. */
  readonly issuers?: readonly TrustedIssuer[];
  /** What each key may ask of this process; nothing or 0 is without limit. */
  readonly rateLimitPerMinute?: number;
}

/** What the controllers are given. */
export type Services = ReturnType<typeof createServices>;

/** What answers requests, each service with what it stands on. */
export function createServices(parts: ApiParts) {
  const { database: everyones, temporal, changes, registry, log } = parts;
  // What serves a request sees no more than its caller may; only what is shared by callers reads everything.
  const database = databaseOfCallers(everyones);
  const maxAgeSeconds = parts.factsMaxAgeSeconds;
  const commands = new Commands({ database, admissions: new Admissions({ temporal, registry }) });
  const board = new StatusBoard({ database: everyones, changes, maxAgeSeconds });
  const messages = new OperationMessages({ database, temporal });
  const runtimes = new RuntimesService({
    database,
    commands,
    board,
    maxAgeSeconds,
    defaultImage: parts.defaultAgentImage,
  });
  const operations = new OperationsService({ database, messages, changes, workflowUrl: workflowUrls(parts) });
  const runtimeChanges = new ChangesService({ database, commands, runtimes, operations });
  const feed = new EventFeed({
    read: ({ tenantId, runtimeId, after, limit }) =>
      listEvents(everyones.forTenant(tenantId), { runtimeId, afterSequence: after, limit }),
    changes,
    log,
  });
  return {
    registry,
    runtimes,
    operations,
    deployments: new DeploymentsService({ database, commands, runtimes, operations }),
    approvals: new ApprovalsService({ database, messages }),
    delegations: new DelegationsService(database),
    events: new EventsService({ database, runtimes }),
    policies: new PoliciesService(database),
    judgements: new JudgementsService({ database, maxAgeSeconds, prices: parts.prices }),
    changes: runtimeChanges,
    actions: new ActionsService({
      changes: runtimeChanges,
      runtimes,
      planner: createRulePlanner(),
      prices: parts.prices,
    }),
    intents: new IntentsService({ database, commands, runtimes }),
    keys: new KeysService({ database, installation: parts.installation ?? 'dev' }),
    kinds: new KindsService(database),
    tenants: new TenantsService({ database, installation: parts.installation ?? 'dev' }),
    projects: new ProjectsService({ database, defaultQuota: parts.defaultQuota ?? DEFAULT_SLOT_QUOTA }),
    members: new MembersService(database),
    audit: new AuditService({ database, streams: everyones }),
    leaving: new Leaving(),
    streams: new EventStreams({ feed, registry, announced: changes.announced }),
    health: new HealthService({
      version: packageJson.version,
      kinds: () => listRuntimeKinds(database.global),
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

function workflowUrls({ temporalUiUrl, temporal }: ApiParts) {
  const { namespace } = temporal.options;
  return ({ workflowId, runId }: { workflowId: string; runId: string }) =>
    temporalUiUrl
      ? `${temporalUiUrl.replace(/\/$/, '')}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`
      : null;
}
