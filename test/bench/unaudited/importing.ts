import { registerHooks } from 'node:module';

const MARK = '?unaudited';
const AUDIT = new URL('../../../db/audit.js', import.meta.url).href;
const NO_AUDIT = new URL('./audit.js', import.meta.url).href;

/**
 * Imports a compiled module, by its path below the root, a second time, with everything of ours that it imports, but
 * with an audit that writes nothing: so the same program is measured with and without it, and has no switch for that.
 */
export async function importUnaudited(path: string): Promise<unknown> {
  register();
  return import(new URL(`../../../${path}${MARK}`, import.meta.url).href);
}

let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const isOurs = specifier.startsWith('.') && specifier.endsWith('.js');
      if (!isOurs || !context.parentURL?.endsWith(MARK)) return resolved;
      return { ...resolved, url: `${resolved.url === AUDIT ? NO_AUDIT : resolved.url}${MARK}` };
    },
  });
}
