import type { Database } from '../../db/database.ts';
import { findDeployment, listDeployments } from '../../db/deployments.ts';
import type { Deployment, DeploymentCreateRequest } from '../../domain/deployment.ts';
import { newId } from '../../domain/ids.ts';
import type { Operation } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Runtime } from '../../domain/runtime.ts';
import type { Commands } from '../commands/commands.ts';
import type { Begun } from '../http/answer.ts';
import type { ExpectedVersions } from '../http/etag.ts';
import { type Paging, pageAnswer, pageRequest } from '../http/paging.ts';
import { notFound, ProblemError } from '../http/problem.ts';
import type { OperationsService } from '../operations/operations.service.ts';
import type { RuntimesService } from '../runtimes/runtimes.service.ts';
import { deployBeginning } from './deploy-beginning.ts';

interface DeploymentParts {
  readonly database: Database;
  readonly commands: Commands;
  readonly runtimes: RuntimesService;
  readonly operations: OperationsService;
}

interface DeploymentCommand {
  readonly caller: Principal;
  readonly runtimeId: string;
  readonly request: DeploymentCreateRequest;
  readonly key: string | undefined;
  readonly ifVersions: ExpectedVersions;
}

/** Deployments of the caller’s tenant. */
export class DeploymentsService {
  readonly #parts: DeploymentParts;

  constructor(parts: DeploymentParts) {
    this.#parts = parts;
  }

  /** Begins a deploy into an existing runtime. The runtime is looked for first: the lock is one for all tenants. */
  async create({
    caller,
    runtimeId,
    request,
    key,
    ifVersions,
  }: DeploymentCommand): Promise<Begun<Operation>> {
    const { runtimes, commands, operations } = this.#parts;
    const about = await runtimes.read(caller, runtimeId);
    if (!about.capabilities.includes('deploy')) throw cannotDeploy(about);
    const route = `POST /v1/runtimes/${runtimeId}/deployments`;
    const ids = { operationId: newId('operation'), deploymentId: newId('deployment'), runtimeId };
    const claimed = await commands.begin(
      { caller, project: about.project, key, route, body: request, ids },
      ids => deployBeginning({ caller, ids, about }, { ...request, ifVersions }),
    );
    return operations.begun(caller, claimed);
  }

  async list(caller: Principal, runtimeId: string, paging: Paging) {
    await this.#parts.runtimes.read(caller, runtimeId);
    return pageAnswer(
      await listDeployments(this.#parts.database.forTenant(caller.tenantId), {
        runtimeId,
        ...pageRequest(paging),
      }),
    );
  }

  async read({ tenantId }: Principal, deploymentId: string): Promise<Deployment> {
    const deployment = await findDeployment(this.#parts.database.forTenant(tenantId), deploymentId);
    if (!deployment) throw notFound('deployment', deploymentId);
    return deployment;
  }
}

function cannotDeploy({ type, id }: Runtime): ProblemError {
  return new ProblemError(
    'capability_not_supported',
    `Runtime ${id} is of type ${type}: no version of an agent is deployed into it. Scale it, or create another.`,
  );
}
