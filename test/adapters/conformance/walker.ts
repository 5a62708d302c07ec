import { setTimeout as delay } from 'node:timers/promises';
import type { Call, RuntimeAdapter } from '../../../adapters/adapter.ts';
import type {
  Begun,
  Change,
  Desired,
  Observation,
  RuntimeTarget,
  Step,
  StepPlan,
} from '../../../domain/change.ts';
import { newId } from '../../../domain/ids.ts';
import { ROOMY } from '../../builders/slot-quota.ts';

/** A step that was carried out, and what came of it. */
export interface Walked {
  readonly step: Step;
  readonly plan: StepPlan;
  readonly begun: Begun;
  readonly reached: Observation;
}

const POLL_MS = 50;

/** Takes one runtime from step to step as RuntimeAI does: plan, verb, observe until it is reached. */
export class Walker {
  /** What the runtime is now by our records; nothing while there is none. */
  now: Desired | null = null;
  knownRevision = 0;
  readonly adapter: RuntimeAdapter;
  readonly target: RuntimeTarget;
  readonly deadlineSeconds: number;

  constructor(options: { adapter: RuntimeAdapter; target: RuntimeTarget; deadlineSeconds: number }) {
    this.adapter = options.adapter;
    this.target = options.target;
    this.deadlineSeconds = options.deadlineSeconds;
  }

  /** A step of a new operation, from what is now to what is desired. */
  step(change: Change, desired: Desired | null = this.now): Step {
    if (desired === null) throw new Error(`there is no runtime yet that a ${change.verb} could be for`);
    return {
      target: this.target,
      operationId: newId('operation'),
      index: 0,
      change,
      before: this.now,
      desired,
      knownRevision: this.knownRevision,
      quota: ROOMY,
    };
  }

  /** Plans a step, carries it out and waits until it is reached. */
  async walk(change: Change, desired?: Desired): Promise<Walked> {
    const step = this.step(change, desired);
    const plan = await this.persist(() => this.adapter.plan(step));
    const begun = await this.begin(step, plan.base);
    const reached = await this.reach(step, begun);
    this.now = change.verb === 'delete' ? null : step.desired;
    return { step, plan, begun, reached };
  }

  /** Calls the verb of the step, as is done again after a crash. */
  async begin(step: Step, base: StepPlan['base'], signal = new AbortController().signal): Promise<Begun> {
    const begun = await this.persist(() => verbOf(this.adapter, step)(step, { base, signal }));
    this.knownRevision = Math.max(this.knownRevision, begun.revision ?? 0);
    return begun;
  }

  /** Observes until the step is reached; throws when it failed or took too long. */
  async reach(step: Step, begun: Begun): Promise<Observation> {
    const deadline = Date.now() + this.deadlineSeconds * 1000;
    for (;;) {
      const seen = await this.persist(() => this.adapter.observe(step, begun));
      if (seen.status === 'reached') return seen;
      const what = `${step.change.verb} of ${this.target.runtimeName}`;
      if (seen.status === 'failed') throw new Error(`${what} failed: ${seen.message}`);
      if (Date.now() > deadline)
        throw new Error(`${what} was not reached within ${this.deadlineSeconds} s: ${seen.message}`);
      await delay(POLL_MS);
    }
  }

  /** Takes a begun step back, by the adapter's own way or by the usual one. */
  async undo(step: Step, base: StepPlan['base']): Promise<void> {
    const way = wayBack(step);
    const call = { base, signal: new AbortController().signal };
    const { adapter } = this;
    const begun = await this.persist(() => {
      if (adapter.undo) return adapter.undo(step, call);
      return step.before === null ? adapter.delete(way, call) : adapter.apply(way, call);
    });
    this.knownRevision = Math.max(this.knownRevision, begun.revision ?? 0);
    await this.reach(way, begun);
    this.now = step.before;
  }

  /** Tries again what says that it is worth it, as the worker does. */
  private async persist<T>(call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + this.deadlineSeconds * 1000;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const retryable = (error as { retryable?: unknown }).retryable === true;
        if (!retryable || Date.now() > deadline) throw error;
        await delay(POLL_MS);
      }
    }
  }
}

type Method = (step: Step, call: Call) => Promise<Begun>;

const OWN_METHODS = [
  'start',
  'stop',
  'restart',
  'scale',
  'snapshot',
  'restore',
  'migrate',
  'delete',
] as const;

/** The method that carries a step out: that of its verb, and `apply` for what only changes what is desired. */
function verbOf(adapter: RuntimeAdapter, { change }: Step): Method {
  const own = OWN_METHODS.find(name => name === change.verb);
  if (!own) return adapter.apply.bind(adapter);
  const method = adapter[own];
  if (!method) throw new Error(`the adapter ${adapter.name} has no method ${own}`);
  return method.bind(adapter);
}

/** The step that describes the way back, the same as activities/changes.ts makes. */
function wayBack(step: Step): Step {
  if (step.before === null) return { ...step, change: { verb: 'delete' } };
  return { ...step, desired: step.before };
}
