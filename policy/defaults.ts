import type { PolicyAction } from '../domain/policy.ts';
import type { Environment } from '../domain/tenant.ts';

/** Actions by which something comes to be: what they are asked of is not there yet. */
export const BEGINNINGS: readonly PolicyAction[] = ['deploy.install', 'lifecycle.create'];

/** Actions that end, empty or unwatch something that runs. */
export const DESTRUCTIVE_ACTIONS: readonly PolicyAction[] = [
  'lifecycle.delete',
  'lifecycle.stop',
  'lifecycle.restore',
  'lifecycle.migrate',
  'lifecycle.detach_observer',
];

/** What is denied in each environment where no rule has a say; all else is allowed. A tenant without any policy is denied everything. */
export const ENVIRONMENT_DEFAULTS: Readonly<
  Record<Environment, { readonly denies: readonly PolicyAction[] }>
> = {
  development: { denies: [] },
  staging: { denies: [] },
  production: { denies: DESTRUCTIVE_ACTIONS },
};
