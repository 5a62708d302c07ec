import type { Call, RuntimeAdapter } from '../../adapters/adapter.ts';
import type { Begun, Observation, Step } from '../../domain/change.ts';
import { fakeAdapter } from './adapter.ts';

type Verb =
  | 'apply'
  | 'start'
  | 'stop'
  | 'restart'
  | 'scale'
  | 'snapshot'
  | 'restore'
  | 'migrate'
  | 'delete'
  | 'undo';

interface DrivenCall {
  readonly method: Verb | 'plan' | 'observe';
  readonly step: Step;
  readonly base?: Call['base'];
}

/** An adapter that remembers how it was driven, sees what it is told to see, and fails when it is told to. */
export class DrivenAdapter {
  readonly calls: DrivenCall[] = [];
  /** What it sees next; the last of them it sees for ever. */
  sights: Observation[] = [{ status: 'reached', message: 'all is well' }];
  /** What every call throws. */
  failure: Error | undefined;
  readonly adapter: RuntimeAdapter;

  constructor(verbs: readonly Verb[]) {
    const methods = verbs.map(method => [
      method,
      async (step: Step, { base }: Call) => this.began({ method, step, base }),
    ]);
    this.adapter = fakeAdapter({
      capabilities: ['stop', 'start'],
      podSecurity: 'baseline',
      plan: async step => {
        this.remember({ method: 'plan', step });
        return {
          summary: { create: 1, update: 0, unchanged: 0, remove: 0 },
          changes: [],
          base: { found: 1 },
        };
      },
      observe: async step => {
        this.remember({ method: 'observe', step });
        const [sight, ...later] = this.sights;
        if (!sight) throw new Error('The fake adapter was not told what it sees.');
        if (later.length > 0) this.sights = later;
        return sight;
      },
      ...Object.fromEntries(methods),
    });
  }

  /** The methods that were called, in order. */
  get driven(): string[] {
    return this.calls.map(({ method }) => method);
  }

  private began(call: DrivenCall): Begun {
    this.remember(call);
    return { awaiting: { begun: call.method } };
  }

  private remember(call: DrivenCall): void {
    this.calls.push(call);
    if (this.failure) throw this.failure;
  }
}
