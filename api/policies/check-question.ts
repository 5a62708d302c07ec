import type { Holding } from '../../domain/holding.ts';
import type { Footprint, PolicyQuestion } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import { footprintOf } from '../../domain/rules/footprint.ts';
import type { Prices } from '../../domain/rules/prices.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { BEGINNINGS } from '../../policy/defaults.ts';
import { askedBy, costOf } from '../../policy/question.ts';
import { inUtc } from '../../policy/suite.ts';
import { requesterOf } from '../http/request.ts';
import type { PolicyCheckRequest } from './judgements.schemas.ts';

/** What a question that leaves things out is completed from. */
export interface CheckFacts {
  readonly caller: Principal;
  /** The runtime that it names. */
  readonly runtime: Runtime | undefined;
  readonly holdings: readonly Holding[];
  readonly prices: Prices;
  readonly now: Date;
}

/** The question as it would be judged, completed from the runtime it names and else from what the document says. */
export function checkQuestion(request: PolicyCheckRequest, facts: CheckFacts): PolicyQuestion {
  const { caller, now } = facts;
  const shape = shapeOf(request, facts);
  return {
    action: request.action,
    tenant: caller.tenantId,
    ...shape,
    requester: { ...askedBy(requesterOf(caller)), ...given(request.requester) },
    cost: { ...costOf(shape, { ...facts, action: request.action }), ...given(request.cost) },
    now: request.now === undefined ? now.toISOString() : inUtc(request.now),
  };
}

type Shape = Pick<PolicyQuestion, 'runtime' | 'project' | 'environment' | 'before' | 'desired'>;

function shapeOf(request: PolicyCheckRequest, { runtime }: CheckFacts): Shape {
  return runtime ? shapeOfRuntime(request, runtime) : shapeOfNone(request);
}

function shapeOfRuntime({ desired }: PolicyCheckRequest, runtime: Runtime): Shape {
  const { id, name, type, labels, state, spec, project, environment } = runtime;
  const before = footprintOf(type, spec);
  return {
    project,
    environment,
    runtime: { id, name, type, labels: { ...labels }, lifecycle: state },
    before,
    desired: { ...before, ...given(desired) },
  };
}

function shapeOfNone(request: PolicyCheckRequest): Shape {
  const { action, environment = 'development', project = 'default', runtime = {}, before } = request;
  const isNew = BEGINNINGS.includes(action);
  const type = runtime.type ?? 'agent_runtime';
  const desired: Footprint = { ...footprintOf(type, {}), ...given(request.desired) };
  return {
    project,
    environment,
    runtime: {
      id: null,
      name: 'a-runtime',
      type,
      labels: {},
      lifecycle: isNew ? 'new' : 'running',
      ...given(runtime),
    },
    before: before === null || (before === undefined && isNew) ? null : { ...desired, ...given(before) },
    desired,
  };
}

/** Without what is undefined, which would hide what it leaves out. */
function given<T extends object>(some: T | undefined | null): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(some ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
