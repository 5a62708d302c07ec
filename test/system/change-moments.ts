import type { Outcome, Stage } from '../../domain/operation.ts';
import type { RuntimeType } from '../../domain/runtime.ts';
import type { ServiceName } from '../../lab/services.ts';
import type { PassingRequest } from '../fakes/request-gate.ts';
import type { ReleaseKey } from './releases.ts';
import { IMPOSSIBLE } from './taken-back.ts';

/** Where in its life a change is when something is killed, and what must come of it all the same. */
export interface ChangeMoment {
  readonly what: string;
  readonly killed: ServiceName;
  readonly stage: Stage;
  readonly change: Change;
  /** The request to the cluster that is kept waiting meanwhile; without one time alone passes in the stage. */
  readonly held?: (key: ReleaseKey) => (request: PassingRequest) => boolean;
}

/** One thing that is done to a runtime of its own. */
export interface Change {
  readonly verb: 'create' | 'scale' | 'stop' | 'delete';
  readonly type: RuntimeType;
  readonly spec?: object;
  readonly body?: object;
  readonly outcome: Outcome;
}

const SLOW = { sandbox: { image: 'runtimeai.dev/sample-agent:1.0.0-slow-start-4s' } };
const SANDBOX_SCALE: Change = {
  verb: 'scale',
  type: 'sandbox',
  body: { size: 'large' },
  outcome: 'succeeded',
};
const SANDBOX_DELETE: Change = { verb: 'delete', type: 'sandbox', outcome: 'succeeded' };
const AGENT_STOP: Change = { verb: 'stop', type: 'agent_runtime', body: {}, outcome: 'succeeded' };
const VCLUSTER_CREATE: Change = { verb: 'create', type: 'vcluster', outcome: 'succeeded' };
const VM_SCALE_BACK: Change = { verb: 'scale', type: 'vm', body: IMPOSSIBLE, outcome: 'rolled_back' };

/** Few, and each at another point: before anything is changed, in the middle of it, after it, and on the way back. */
export const CHANGE_MOMENTS: readonly ChangeMoment[] = [
  moment('cluster', 'preparing', SANDBOX_SCALE, dryRunOf('sandboxes')),
  moment('cluster', 'applying', SANDBOX_SCALE, writeOf('PATCH', 'sandboxes')),
  moment('cluster', 'applying', SANDBOX_DELETE, writeOf('DELETE', 'sandboxes')),
  moment('cluster', 'applying', AGENT_STOP, writeOf('PATCH', 'deployments')),
  moment('cluster', 'applying', VCLUSTER_CREATE, writeOf('PATCH', 'statefulsets')),
  moment('cluster', 'rolling_back', VM_SCALE_BACK, writeOf('PATCH', 'virtualmachines')),
  moment('control', 'verifying', { ...SANDBOX_SCALE, spec: SLOW }),
  moment('control', 'applying', AGENT_STOP, writeOf('PATCH', 'deployments')),
  moment('control', 'rolling_back', VM_SCALE_BACK, writeOf('PATCH', 'virtualmachines')),
  moment('api', 'applying', SANDBOX_SCALE, writeOf('PATCH', 'sandboxes')),
];

/** What an operation writes down on its way when nothing is killed. */
export function eventsOf({ verb, outcome }: Change): string[] {
  const way = ['preparing', 'applying', 'verifying'].map(stage => `lifecycle.${verb}.${stage}`);
  return outcome === 'rolled_back'
    ? [...way, `lifecycle.${verb}.rolling_back`, `lifecycle.${verb}.undone`, `lifecycle.${verb}.rolled_back`]
    : [...way, `lifecycle.${verb}`, `lifecycle.${verb}.succeeded`];
}

function moment(
  killed: ServiceName,
  stage: Stage,
  change: Change,
  held?: ChangeMoment['held'],
): ChangeMoment {
  const what = `${change.type} ${change.verb} in ${stage}`;
  return { what, killed, stage, change, ...(held && { held }) };
}

function writeOf(method: string, plural: string): NonNullable<ChangeMoment['held']> {
  return key => request =>
    request.method === method && isAbout(request, key, plural) && !request.path.includes('dryRun');
}

function dryRunOf(plural: string): NonNullable<ChangeMoment['held']> {
  return key => request => isAbout(request, key, plural) && request.path.includes('dryRun');
}

function isAbout({ path }: PassingRequest, { namespace, release }: ReleaseKey, plural: string): boolean {
  const [address = ''] = path.split('?');
  return address.endsWith(`/namespaces/${namespace}/${plural}/${release}`);
}
