import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where built and downloaded programs are kept, outside the checkout so that every checkout shares them. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { RUNTIMEAI_CACHE: own, XDG_CACHE_HOME: xdg } = environment;
  if (own) return own;
  return join(xdg || join(homedir(), '.cache'), 'runtimeai');
}
