import type { RuntimeAdapter } from '../adapters/adapter.ts';
import { AdapterFailure } from '../adapters/failure.ts';
import type { Begun, Observation, Step, StepPlan } from '../domain/change.ts';
import { type Beat, beating } from './beating.ts';
import { failure, translating } from './failures.ts';
import type { Slots } from './slots.ts';

export interface StepInWork {
  readonly step: Step;
  readonly base: StepPlan['base'];
}

/** What changes do to the cluster, whatever kind the runtime is. Each may be repeated with the same input. */
export interface ChangeActivities {
  /** What the step would change, by server-side dry run. Makes sure of the namespace, and changes nothing else. */
  planStep(step: Step): Promise<StepPlan>;
  carryOutStep(input: StepInWork): Promise<Begun>;
  /** Waits until the step is reached or has failed; at `until` (ISO 8601) answers what there is. */
  awaitStep(input: {
    readonly step: Step;
    readonly begun: Begun;
    readonly until: string;
  }): Promise<Observation>;
  /** Begins to take the step back; the answer is awaited like a step of its own, with the step of `undone`. */
  undoStep(input: StepInWork): Promise<Undoing>;
}

/** The step that describes the way back, to be awaited. */
export interface Undoing {
  readonly step: Step;
  readonly begun: Begun;
}

export interface ChangeDependencies {
  /** Throws for a name nobody registered. */
  readonly adapter: (name: string) => RuntimeAdapter;
  readonly slots: Slots;
  readonly log: { info(fields: object, message: string): void };
}

/** Makes the promises about steps over the registered adapters. */
export function createChangeActivities(deps: ChangeDependencies): ChangeActivities {
  const act = <T>(work: (beat: Beat) => Promise<T>) =>
    beating(beat => translating(() => adapting(() => work(beat))));
  return {
    planStep: step =>
      act(async () => {
        if (isOurs(step)) return NOTHING_TO_CHANGE;
        const adapter = deps.adapter(step.target.backend);
        if (step.change.verb !== 'delete') {
          const { podSecurity } = adapter;
          await deps.slots.ensureSlot({ target: step.target, quota: step.quota, podSecurity });
        }
        return adapter.plan(step);
      }),
    carryOutStep: ({ step, base }) =>
      act(async beat => {
        const begun = await verbOf(deps.adapter(step.target.backend), step)(step, {
          base,
          signal: beat.signal,
        });
        deps.log.info(fieldsOf(step), `${step.change.verb} begun`);
        return begun;
      }),
    awaitStep: ({ step, begun, until }) =>
      act(beat => awaitStep(deps.adapter(step.target.backend), { step, begun, until }, beat)),
    undoStep: ({ step, base }) =>
      act(async beat => {
        const call = { base, signal: beat.signal };
        return undo(deps.adapter(step.target.backend), step, call);
      }),
  };
}

const NOTHING_TO_CHANGE: StepPlan = {
  summary: { create: 0, update: 0, unchanged: 0, remove: 0 },
  changes: [],
  base: {},
};

type Method = (step: Step, call: { base: StepPlan['base']; signal: AbortSignal }) => Promise<Begun>;

function verbOf(adapter: RuntimeAdapter, step: Step): Method {
  const { verb } = step.change;
  switch (verb) {
    case 'create':
    case 'tune_policy':
      return adapter.apply.bind(adapter);
    case 'attach_observer':
    case 'detach_observer':
      return async () => ({ awaiting: {} });
    default: {
      const method = adapter[verb];
      if (method) return method.bind(adapter);
      throw failure('capability_not_supported', `The adapter ${adapter.name} cannot ${verb}.`, {
        nextStep: `It can: ${adapter.capabilities.join(', ')}.`,
      });
    }
  }
}

const LOOK_EVERY_MS = [100, 200, 300, 500, 1000];

async function awaitStep(
  adapter: RuntimeAdapter,
  { step, begun, until }: Parameters<ChangeActivities['awaitStep']>[0],
  beat: Beat,
): Promise<Observation> {
  if (isOurs(step))
    return { status: 'reached', message: `${step.change.verb}: nothing in the cluster changes` };
  for (let looks = 0; ; looks += 1) {
    const seen = await adapter.observe(step, begun);
    if (seen.status !== 'progressing' || Date.now() >= Date.parse(until)) return seen;
    await beat.sleep(LOOK_EVERY_MS[Math.min(looks, LOOK_EVERY_MS.length - 1)] ?? 1000);
  }
}

/** Whether the step is about our own records alone. */
function isOurs({ change }: Step): boolean {
  return change.verb === 'attach_observer' || change.verb === 'detach_observer';
}

async function undo(
  adapter: RuntimeAdapter,
  step: Step,
  call: { base: StepPlan['base']; signal: AbortSignal },
): Promise<Undoing> {
  if (isOurs(step)) return { step, begun: { awaiting: {} } };
  const way = wayBack(step);
  if (adapter.undo) return { step: way, begun: await adapter.undo(step, call) };
  const begun = await (step.before === null ? adapter.delete(way, call) : adapter.apply(way, call));
  return { step: way, begun };
}

/** What was before is what shall be again. */
function wayBack(step: Step): Step {
  if (step.before === null) return { ...step, change: { verb: 'delete' } };
  return { ...step, desired: step.before };
}

/** An adapter knows nothing of Temporal; its failure becomes one here. */
async function adapting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error;
    const { code, message, nextStep, retryable } = error;
    throw failure(code, message, { nextStep, retryable });
  }
}

function fieldsOf({ operationId, target }: Step) {
  return {
    operation: operationId,
    tenant: target.tenantId,
    runtime: target.runtimeId,
    backend: target.backend,
  };
}
