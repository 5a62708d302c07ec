import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, Step } from '../../domain/change.ts';
import { judgeRollout } from '../../domain/rules/rollout.ts';
import { readAgent } from './live.ts';
import { observeRemoval } from './removal.ts';
import type { Tools } from './settings.ts';

/** What is waited for after a change: all pods of this manifest, or of this restart, or of whatever is there. */
export function rollout(
  marks: { readonly operationId?: string; readonly restartedBy?: string },
  revision?: number,
): Begun {
  return { awaiting: { for: 'rollout', ...marks }, ...(revision === undefined ? {} : { revision }) };
}

/** How far a begun step has come. */
export async function observeAgent(tools: Tools, step: Step, { awaiting }: Begun): Promise<Observation> {
  if (awaiting['for'] === 'gone') return observeRemoval(tools, step.target);
  return observeRollout(tools.kubernetes, step, awaiting);
}

async function observeRollout(
  kubernetes: Pick<KubernetesClient, 'get' | 'list'>,
  { target, desired }: Step,
  awaiting: Begun['awaiting'],
): Promise<Observation> {
  const live = await readAgent(kubernetes, target);
  if (live === undefined)
    return {
      status: 'failed',
      message: `Deployment ${target.namespace}/${target.release} is gone: somebody deleted it`,
    };
  const { facts, restartedBy } = live;
  if (awaiting['restartedBy'] !== undefined && restartedBy !== awaiting['restartedBy'])
    return { status: 'failed', message: `the restart was overwritten by ${restartedBy ?? 'somebody else'}` };
  if (desired.power === 'stopped' && facts.desiredReplicas > 0)
    return { status: 'failed', message: 'it was started by somebody else; stop it again' };
  const operationId =
    typeof awaiting['operationId'] === 'string' ? awaiting['operationId'] : facts.operationId;
  const { status, reason } = judgeRollout(facts, {
    operationId,
    soakSeconds: 0,
    now: facts.observedAt,
    maxAgeSeconds: Number.POSITIVE_INFINITY,
  });
  return { status: STATUS[status], message: reason };
}

const STATUS = {
  healthy: 'reached',
  progressing: 'progressing',
  inconclusive: 'progressing',
  failed: 'failed',
} as const;
