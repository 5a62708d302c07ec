import type { AgentConfig } from '../../domain/agent-config.ts';
import { type DeployRuntimeInput, Verification } from '../../domain/deployment.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Beginning, RuntimeTitle } from '../commands/admissions.ts';
import { requesterOf } from '../http/request.ts';

/** A type, not an interface, so that it is also a record of ids. */
export type DeployIds = Pick<DeployRuntimeInput, 'operationId' | 'deploymentId' | 'runtimeId'>;

interface DeployRequest {
  readonly agent: AgentConfig;
  readonly verification?: Verification | undefined;
  readonly keep_failed: boolean;
  readonly lift_hold?: boolean;
  readonly comment?: string | undefined;
}

/** The workflow behind a deploy request; `create` where it makes the runtime too. */
export function deployBeginning(
  { caller, ids, about }: { caller: Principal; ids: DeployIds; about: RuntimeTitle },
  request: DeployRequest & {
    readonly create?: DeployRuntimeInput['create'];
    readonly ifVersions?: DeployRuntimeInput['ifVersions'];
  },
): Beginning {
  const { agent, create, comment, ifVersions } = request;
  const image = agent.image.slice(agent.image.lastIndexOf('/') + 1);
  const input: DeployRuntimeInput = {
    ...ids,
    tenantId: caller.tenantId,
    requester: requesterOf(caller),
    agent,
    verification: request.verification ?? Verification.parse({}),
    keepFailed: request.keep_failed,
    liftHold: request.lift_hold ?? false,
    ...(create && { create }),
    ...(ifVersions && { ifVersions }),
    ...(comment !== undefined && { comment }),
  };
  return {
    workflow: 'deployRuntime',
    input,
    about,
    what: `${create ? 'install' : 'deploy'} ${image}`,
    details: [
      `image ${agent.image}, ${agent.replicas} replicas`,
      `deployment ${ids.deploymentId}`,
      ...(comment ? [comment] : []),
    ],
  };
}
