import type { Action } from '../../domain/action.ts';
import type { Operation, Outcome } from '../../domain/operation.ts';
import type { IntentRecord, IntentResponse } from '../../domain/planner.ts';
import type { Runtime, RuntimeType } from '../../domain/runtime.ts';
import { type Answer, type Caller, must, type Refusable } from './caller.ts';

/** What is asked of the lifecycle routes, by the last word of their address. */
export type LifecycleVerb = 'start' | 'stop' | 'restart' | 'scale' | 'snapshot' | 'restore' | 'migrate';

/** What a create asks for beside name and type. */
export type Wanted = { readonly name: string; readonly type: RuntimeType } & Readonly<
  Record<string, unknown>
>;

/** One runtime of any kind, and what one person does to it over the API. */
export class Subject {
  readonly caller: Caller;
  readonly id: string;

  constructor(caller: Caller, id: string) {
    this.caller = caller;
    this.id = id;
  }

  /** A runtime whose creation has come to this end. */
  static async made(caller: Caller, wanted: Wanted, outcome: Outcome = 'succeeded'): Promise<Subject> {
    const runtime = must(201, await caller.post<Runtime>('/runtimes', wanted));
    await caller.ends(runtime.operation_id ?? '', outcome);
    return new Subject(caller, runtime.id);
  }

  read(): Promise<Runtime> {
    return this.caller.runtime(this.id);
  }

  /** Asks for one lifecycle change. */
  ask(verb: LifecycleVerb, body: object = {}, headers: object = {}): Promise<Answer<Refusable<Operation>>> {
    return this.caller.post(`/runtimes/${this.id}/lifecycle/${verb}`, body, headers);
  }

  /** Asks for its deletion. */
  askDelete(headers: object = {}): Promise<Answer<Refusable<Operation>>> {
    return this.caller.call('DELETE', `/runtimes/${this.id}`, { headers });
  }

  /** Asks for a list of actions. */
  askActions(actions: readonly Action[], headers: object = {}): Promise<Answer<Refusable<Operation>>> {
    return this.caller.post(`/runtimes/${this.id}/actions/execute`, { actions }, headers);
  }

  /** Has one lifecycle change done, and insists on its end. */
  async has(verb: LifecycleVerb, body: object = {}, outcome: Outcome = 'succeeded'): Promise<Operation> {
    return this.caller.ends(must(202, await this.ask(verb, body)).id, outcome);
  }

  async hasActions(actions: readonly Action[], outcome: Outcome = 'succeeded'): Promise<Operation> {
    return this.caller.ends(must(202, await this.askActions(actions)).id, outcome);
  }

  /** Has a goal planned and carried out; answers what is kept of the intent. */
  async hasIntent(request: object, outcome: Outcome = 'succeeded'): Promise<IntentRecord> {
    const path = `/runtimes/${this.id}/intent`;
    const { intent_id, operation_id } = must(202, await this.caller.post<IntentResponse>(path, request));
    await this.caller.ends(operation_id, outcome);
    return must(200, await this.caller.get<IntentRecord>(`${path}/${intent_id}`));
  }

  async isDeleted(): Promise<Operation> {
    return this.caller.ends(must(202, await this.askDelete()).id, 'succeeded');
  }

  /** Its operations, newest first. */
  async operations(): Promise<readonly Operation[]> {
    const path = `/operations?runtime_id=${this.id}`;
    return must(200, await this.caller.get<{ items: Operation[] }>(path)).items;
  }
}
