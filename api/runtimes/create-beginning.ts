import type { AgentConfig } from '../../domain/agent-config.ts';
import type { Principal } from '../../domain/principal.ts';
import { agentOf } from '../../domain/rules/agent-profiles.ts';
import type { RuntimeCreateRequest, RuntimeSpec } from '../../domain/runtime.ts';
import { changeBeginning } from '../changes/change-beginning.ts';
import type { Beginning } from '../commands/admissions.ts';
import { type DeployIds, deployBeginning } from '../deployments/deploy-beginning.ts';
import { ProblemError } from '../http/problem.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';

interface Creation {
  readonly caller: Principal;
  readonly ids: DeployIds;
  /** Image of an agent that names none. */
  readonly defaultImage: string | undefined;
}

/** What making a runtime begins: of an agent its first deploy, of every other kind a change. */
export function createBeginning(
  { caller, ids, defaultImage }: Creation,
  request: RuntimeCreateRequest,
): Beginning {
  const { name, type, project, environment, labels } = request;
  const spec = specOf(request, defaultImage);
  const { agent, backend = 'agent-runtime' } = spec;
  if (agent && backend === 'agent-runtime') {
    const create = { name, project, environment, labels };
    return deployBeginning({ caller, ids, about: request }, { ...request, agent, create });
  }
  const { operationId, runtimeId } = ids;
  return changeBeginning({
    caller,
    ids: { operationId, runtimeId },
    about: request,
    kind: 'create',
    orders: [{ action: null, wish: { verb: 'create' } }],
    create: { name, type, project, environment, labels, spec },
  });
}

/** Of an agent, profiles and own fields become one; every other kind is what its profiles say. */
function specOf({ type, spec }: RuntimeCreateRequest, defaultImage: string | undefined): RuntimeSpec {
  const { agent: _, ...profiles } = spec;
  if (type !== 'agent_runtime') return profiles;
  const { backend } = spec;
  return { agent: foldedAgent(spec, defaultImage), ...(backend && { backend }) };
}

function foldedAgent(spec: RuntimeCreateRequest['spec'], image: string | undefined): AgentConfig {
  const folded = agentOf(spec, { image });
  switch (folded.kind) {
    case 'agent':
      return folded.agent;
    case 'image_required':
      throw new ProblemError(
        'image_required',
        'No image is named, and the platform has no default one (RUNTIMEAI_DEFAULT_AGENT_IMAGE). Name it in spec.agent.image.',
      );
    case 'contradiction':
      throw unprocessableRequest('', folded.issues);
  }
}
