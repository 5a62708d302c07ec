import { z } from 'zod';
import type { Action } from './action.ts';
import type { Order, Wish } from './change-operation.ts';
import { newId } from './ids.ts';
import {
  LifecycleMigrateRequest,
  LifecycleRestartRequest,
  LifecycleScaleRequest,
  LifecycleSnapshotRequest,
  LifecycleStartRequest,
  LifecycleStopRequest,
  NodeName,
  TunePolicyParams,
} from './lifecycle.ts';

const Nothing = z.strictObject({});

/** What an action asks for; throws a ZodError that points at what is wrong, from the action on. */
export function orderOf(action: Action): Order {
  return { action, wish: wishOf(action) };
}

function wishOf(action: Action): Wish {
  switch (action.type) {
    case 'start':
      read(action, LifecycleStartRequest);
      return { verb: 'start' };
    case 'stop':
      return stopWish(read(action, LifecycleStopRequest));
    case 'restart':
    case 'rollout_restart':
      read(action, LifecycleRestartRequest);
      return { verb: action.type };
    case 'scale': {
      const { size, resources } = read(action, LifecycleScaleRequest);
      return { verb: 'scale', to: { size, ...(resources && { resources }) } };
    }
    case 'snapshot':
      return snapshotWish(read(action, LifecycleSnapshotRequest));
    case 'migrate':
      return migrateWish(action);
    case 'tune_policy':
      return { verb: 'tune_policy', to: read(action, TunePolicyParams) };
    case 'attach_observer':
    case 'detach_observer':
      read(action, LifecycleRestartRequest);
      return { verb: action.type };
  }
}

/** The wish behind the body of a stop. */
export function stopWish({
  force,
  timeout_seconds,
}: z.infer<typeof LifecycleStopRequest>): Extract<Wish, { verb: 'stop' }> {
  const grace = timeout_seconds ?? undefined;
  return { verb: 'stop', force, ...(grace !== undefined && { timeoutSeconds: grace }) };
}

/** The wish behind the body of a snapshot; a name is made up from its id when none is given. */
export function snapshotWish({
  name,
  description,
}: z.infer<typeof LifecycleSnapshotRequest>): Extract<Wish, { verb: 'snapshot' }> {
  const id = newId('snapshot');
  const snapshot = { id, name: name ?? `snapshot-${id.slice(-10)}`, ...(description && { description }) };
  return { verb: 'snapshot', snapshot };
}

/** A node may be named as the action's target or in its params. */
function migrateWish(action: Action): Wish {
  const target = read(
    { ...action, params: action.target ?? {} },
    z.strictObject({ node: NodeName.optional() }),
    ['target'],
  );
  const params = parse(LifecycleMigrateRequest, action.params ?? {}, ['params']);
  const node = target.node ?? params.target_node;
  return { verb: 'migrate', ...(node && { targetNode: node }) };
}

function read<T>(action: Action, schema: z.ZodType<T>, at: readonly string[] = ['params']): T {
  if (action.type !== 'migrate') parse(Nothing, action.target ?? {}, ['target']);
  return parse(schema, action.params ?? {}, at);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, at: readonly string[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new z.ZodError(result.error.issues.map(issue => ({ ...issue, path: [...at, ...issue.path] })));
}
