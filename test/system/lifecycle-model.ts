import type { AsyncCommand } from 'fast-check';
import { expect } from 'vitest';
import { newId } from '../../domain/ids.ts';
import type { Runtime, RuntimeType, Size } from '../../domain/runtime.ts';
import { type Caller, must, refusal } from './caller.ts';
import { Subject } from './lifecycle.ts';

/** What a runtime is, as far as the lifecycle depends on it. */
export interface Model {
  phase: 'none' | 'running' | 'stopped' | 'deleted';
  size: Size;
}

/** The real runtime beside the model. */
export interface Real {
  readonly caller: Caller;
  readonly type: RuntimeType;
  readonly name: string;
  /** What it can do beside what every kind can. */
  readonly can: readonly string[];
  subject: Subject;
}

/** Everything that can be asked for. */
export type Ask =
  | { readonly what: 'create' | 'start' | 'stop' | 'restart' | 'snapshot' | 'migrate' | 'delete' }
  | { readonly what: 'scale'; readonly size: Size }
  | { readonly what: 'scale to nothing' | 'restore what never was' | 'stop and restart' | 'stop and start' };

type Forecast = { readonly refused: readonly [number, string] } | { readonly becomes: Model };

/** A runtime that does not exist yet: its id is one nobody has. */
export function nobody(caller: Caller): Subject {
  return new Subject(caller, newId('runtime'));
}

/** One thing that is asked for in whatever state the runtime is; it must come out as the model says. */
export class Asking implements AsyncCommand<Model, Real> {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const forecast = forecastOf(this.#ask, model, real);
    const answer = await send(this.#ask, real);
    if ('refused' in forecast) {
      expect(refusal(answer), `${this} when ${model.phase}`).toEqual(forecast.refused);
    } else {
      if (this.#ask.what === 'create') real.subject = new Subject(real.caller, must(201, answer).id);
      const operation = this.#ask.what === 'create' ? (answer.body as Runtime).operation_id : answer.body.id;
      await real.caller.ends(operation ?? '', 'succeeded');
      Object.assign(model, forecast.becomes);
    }
    await isAs(model, real);
  }

  toString(): string {
    return 'size' in this.#ask ? `${this.#ask.what} to ${this.#ask.size}` : this.#ask.what;
  }
}

function forecastOf(ask: Ask, model: Model, real: Real): Forecast {
  const { what } = ask;
  if (what === 'create') return forecastOfCreate(model);
  if (model.phase === 'none') return no(404, 'runtime_not_found');
  if (model.phase === 'deleted') return no(409, 'runtime_deleted');
  switch (what) {
    case 'delete':
      return { becomes: { ...model, phase: 'deleted' } };
    case 'start':
    case 'stop and start':
      return { becomes: { ...model, phase: 'running' } };
    case 'stop':
      return { becomes: { ...model, phase: 'stopped' } };
    case 'stop and restart':
      return no(409, 'wrong_state');
    case 'scale':
      return { becomes: { ...model, size: ask.size } };
    case 'scale to nothing':
      return no(422, 'change_impossible');
    case 'restore what never was':
      return real.can.includes('restore')
        ? no(422, 'snapshot_not_found')
        : no(422, 'capability_not_supported');
    default:
      return forecastOfRunning(what, model, real);
  }
}

function forecastOfCreate(model: Model): Forecast {
  if (model.phase === 'running' || model.phase === 'stopped') return no(409, 'name_taken');
  return { becomes: { phase: 'running', size: 'small' } };
}

function forecastOfRunning(what: 'restart' | 'snapshot' | 'migrate', model: Model, real: Real): Forecast {
  if (!real.can.includes(what)) return no(422, 'capability_not_supported');
  if (what !== 'snapshot' && model.phase === 'stopped') return no(409, 'wrong_state');
  return { becomes: model };
}

function no(status: number, code: string): Forecast {
  return { refused: [status, code] };
}

function send(ask: Ask, { subject, caller, name, type }: Real) {
  switch (ask.what) {
    case 'create':
      return caller.post<{ id: string; code?: string }>('/runtimes', { name, type, spec: { size: 'small' } });
    case 'delete':
      return subject.askDelete();
    case 'scale':
      return subject.ask('scale', { size: ask.size });
    case 'scale to nothing':
      return subject.ask('scale', {});
    case 'restore what never was':
      return subject.ask('restore', { snapshot: 'never-taken' });
    case 'stop and restart':
      return subject.askActions([{ type: 'stop', params: { force: true } }, { type: 'restart' }]);
    case 'stop and start':
      return subject.askActions([{ type: 'stop', params: { force: true } }, { type: 'start' }]);
    case 'stop':
      return subject.ask('stop', { force: true });
    default:
      return subject.ask(ask.what);
  }
}

async function isAs({ phase, size }: Model, { subject }: Real): Promise<void> {
  if (phase === 'none') return;
  const runtime = await subject.read();
  expect(runtime).toMatchObject({ state: phase, spec: { size } });
  if (phase !== 'deleted') expect(runtime.power).toBe(phase);
}
