import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RuntimeAdapter } from './adapter.ts';
import { faultsOf, isAdapter } from './shape.ts';
import type { AdapterTools } from './tools.ts';

export interface LoadOptions {
  /** Paths (relative ones from the working directory) or package names; each default-exports `(tools) => adapter`. */
  readonly modules: readonly string[];
  /** All that an adapter gets but its settings. */
  readonly tools: Omit<AdapterTools, 'settings'>;
  /** Settings of each, by the module as it is named in `modules`. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Loads the adapters that came from outside. The error names the module and everything that is wrong with it. */
export async function loadAdapters({
  modules,
  tools,
  settings,
}: LoadOptions): Promise<readonly RuntimeAdapter[]> {
  const strangers = Object.keys(settings).filter(name => !modules.includes(name));
  if (strangers.length > 0)
    throw new Error(
      `RUNTIMEAI_ADAPTER_SETTINGS has settings for ${strangers.join(', ')}, which RUNTIMEAI_ADAPTERS does not name. Use the same words in both.`,
    );
  const loaded: RuntimeAdapter[] = [];
  for (const module of modules)
    loaded.push(await loadAdapter(module, { ...tools, settings: settings[module] ?? {} }));
  return loaded;
}

async function loadAdapter(module: string, tools: AdapterTools): Promise<RuntimeAdapter> {
  const factory = await factoryOf(module);
  let offered: unknown;
  try {
    offered = await factory(tools);
  } catch (error) {
    throw unusable(module, `its factory threw: ${wordsOf(error)}`, error);
  }
  if (isAdapter(offered)) return offered;
  throw unusable(module, faultsOf(offered).join('; '));
}

async function factoryOf(module: string): Promise<(tools: AdapterTools) => unknown> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(/* @vite-ignore */ addressOf(module))) as typeof loaded;
  } catch (error) {
    throw unusable(module, `it could not be imported: ${wordsOf(error)}`, error);
  }
  if (typeof loaded.default === 'function') return loaded.default as (tools: AdapterTools) => unknown;
  throw unusable(module, 'its default export is not a function (tools) => adapter');
}

/** A path as the file it names; anything else is a package that Node finds by itself. */
function addressOf(module: string): string {
  const isPath = isAbsolute(module) || module.startsWith('.');
  return isPath ? pathToFileURL(resolve(module)).href : module;
}

function unusable(module: string, why: string, cause?: unknown): Error {
  return new Error(
    `The adapter ${module} (RUNTIMEAI_ADAPTERS) cannot be used: ${why}. Correct the module or take it out of the setting; docs/adapters.md shows what an adapter is.`,
    { cause },
  );
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
