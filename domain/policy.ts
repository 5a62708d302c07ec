import { z } from 'zod';
import { Environment } from './tenant.ts';

/** What is asked of the policies: who wants to do what, where. */
export interface PolicyQuestion {
  readonly action: PolicyAction;
  readonly tenantId: string;
  readonly environment: Environment;
  readonly project: string;
}

export const PolicyAction = z.enum([
  'deploy.install',
  'deploy.upgrade',
  'lifecycle.create',
  'lifecycle.start',
  'lifecycle.stop',
  'lifecycle.restart',
  'lifecycle.scale',
  'lifecycle.snapshot',
  'lifecycle.restore',
  'lifecycle.migrate',
  'lifecycle.tune_policy',
  'lifecycle.attach_observer',
  'lifecycle.detach_observer',
  'lifecycle.delete',
]);
export type PolicyAction = z.infer<typeof PolicyAction>;

const Selector = z.strictObject({
  action: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'An action or a prefix followed by *, e.g. deploy.*' }),
  environment: Environment.optional(),
  project: z.string().max(24).optional(),
});

export const PolicyRule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('deny_action'),
    selector: Selector.default({}),
    reason: z.string().max(200).optional(),
  }),
  z.strictObject({ kind: z.literal('allow_action'), selector: Selector.default({}) }),
  z.strictObject({
    kind: z.literal('require_approval'),
    selector: Selector.default({}),
    params: z
      .strictObject({
        quorum: z.int().min(1).max(10).default(1),
        expires_in_seconds: z
          .int()
          .min(1)
          .max(30 * 24 * 3600)
          .default(24 * 3600),
      })
      .default({ quorum: 1, expires_in_seconds: 24 * 3600 }),
  }),
]);
export type PolicyRule = z.infer<typeof PolicyRule>;

/** A named, ordered set of rules of one tenant; with an environment in `scope_env`, they hold nowhere else. */
export const Policy = z.object({
  id: z.string(),
  name: z.string(),
  scope_env: Environment.nullable(),
  rules: z.array(PolicyRule),
});
export type Policy = z.infer<typeof Policy>;

/** The answer of the policies, with the rule that gave it. */
export interface PolicyVerdict {
  readonly answer: 'allow' | 'deny' | 'require_approval';
  readonly policy: string;
  readonly reason: string;
  readonly approval?: { readonly quorum: number; readonly expiresInSeconds: number };
}
