import type { RuntimeType } from '../domain/runtime.ts';
import type { RuntimeAdapter } from './adapter.ts';
import { AdapterFailure } from './failure.ts';

/** The adapters of this process, in the order in which they were registered. */
export interface AdapterRegistry {
  readonly all: readonly RuntimeAdapter[];
  /** The adapter of this name; throws `kind_unavailable` naming those there are. */
  byName(name: string): RuntimeAdapter;
  /** What drives a type unless a spec names another: the first that was registered for it. */
  ofType(type: RuntimeType): RuntimeAdapter;
}

/** Makes the registry; two adapters of one name are a mistake of whoever configured them. */
export function createAdapterRegistry(adapters: readonly RuntimeAdapter[]): AdapterRegistry {
  const byName = new Map<string, RuntimeAdapter>();
  for (const adapter of adapters) {
    if (byName.has(adapter.name))
      throw new Error(
        `Two adapters are named ${adapter.name}, for ${byName.get(adapter.name)?.type} and ${adapter.type}. Rename or remove one of them (RUNTIMEAI_ADAPTERS).`,
      );
    byName.set(adapter.name, adapter);
  }
  return {
    all: [...adapters],
    byName: name => byName.get(name) ?? unknownName(name, adapters),
    ofType: type => adapters.find(adapter => adapter.type === type) ?? unknownType(type, adapters),
  };
}

function unknownName(name: string, adapters: readonly RuntimeAdapter[]): never {
  throw new AdapterFailure('kind_unavailable', `No adapter is named ${name}. ${known(adapters)}`, {
    nextStep: 'Name one of these in spec.backend, or register the missing one with RUNTIMEAI_ADAPTERS.',
  });
}

function unknownType(type: RuntimeType, adapters: readonly RuntimeAdapter[]): never {
  throw new AdapterFailure(
    'kind_unavailable',
    `No adapter drives runtimes of type ${type}. ${known(adapters)}`,
    {
      nextStep: 'Register one with RUNTIMEAI_ADAPTERS.',
    },
  );
}

function known(adapters: readonly RuntimeAdapter[]): string {
  const names = adapters.map(({ name, type }) => `${name} (${type})`);
  return `There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ') || 'none'}.`;
}
