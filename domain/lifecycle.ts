import { z } from 'zod';
import { AutoScaling } from './agent-config.ts';
import { idOf } from './ids.ts';
import { Text } from './kubernetes-text.ts';
import { ResourceProfile, Size } from './runtime.ts';

const Reason = Text.max(500).nullable().optional();

export const LifecycleStartRequest = z.strictObject({ reason: Reason }).meta({ id: 'LifecycleStartRequest' });

export const LifecycleStopRequest = z
  .strictObject({
    force: z.boolean().default(false).meta({ description: 'End it at once, without grace' }),
    timeout_seconds: z
      .int()
      .min(0)
      .max(3600)
      .nullable()
      .optional()
      .meta({ description: 'Grace to end by itself; its own when left out' }),
    reason: Reason,
  })
  .meta({ id: 'LifecycleStopRequest' });

export const LifecycleRestartRequest = z
  .strictObject({ reason: Reason })
  .meta({ id: 'LifecycleRestartRequest' });

export const LifecycleScaleRequest = z
  .strictObject({
    size: Size.nullable().optional(),
    resources: ResourceProfile.optional(),
    reason: Reason,
  })
  .meta({ id: 'LifecycleScaleRequest' });
export type LifecycleScaleRequest = z.infer<typeof LifecycleScaleRequest>;

/** Unique within its runtime; also part of the name of the object that is made for it. */
export const SnapshotTitle = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens');

export const LifecycleSnapshotRequest = z
  .strictObject({
    name: SnapshotTitle.nullable().optional().meta({ description: 'Made up when left out' }),
    description: Text.max(500).nullable().optional(),
  })
  .meta({ id: 'LifecycleSnapshotRequest' });

export const LifecycleRestoreRequest = z
  .strictObject({
    snapshot: z
      .union([idOf('snapshot'), SnapshotTitle])
      .meta({ description: 'Id or name of a snapshot of this runtime' }),
    reason: Reason,
  })
  .meta({ id: 'LifecycleRestoreRequest' });

export const NodeName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be the name of a node');

export const LifecycleMigrateRequest = z
  .strictObject({
    target_node: NodeName.nullable()
      .optional()
      .meta({ description: 'Another node of the scheduler’s choice when left out' }),
    reason: Reason,
  })
  .meta({ id: 'LifecycleMigrateRequest' });

/** What `tune_policy` tunes: how an agent scales by itself. Null switches that off. */
export const TunePolicyParams = z.strictObject({ auto_scaling: AutoScaling.nullable() });
export type TunePolicyParams = z.infer<typeof TunePolicyParams>;

/** A copy of a runtime's state at one moment, and in words what is in it and what is not. */
export const Snapshot = z
  .object({
    id: idOf('snapshot'),
    runtime_id: idOf('runtime'),
    name: SnapshotTitle,
    description: z.string().nullable(),
    status: z.enum(['creating', 'ready', 'failed', 'deleted']),
    contents: z.array(z.string()),
    operation_id: idOf('operation'),
    created_at: z.iso.datetime(),
    ready_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof Snapshot>;
