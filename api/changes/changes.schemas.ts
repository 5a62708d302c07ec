import { z } from 'zod';
import { Action } from '../../domain/action.ts';
import {
  LifecycleMigrateRequest,
  LifecycleRestartRequest,
  LifecycleRestoreRequest,
  LifecycleSnapshotRequest,
  LifecycleStartRequest,
  LifecycleStopRequest,
  Snapshot,
} from '../../domain/lifecycle.ts';
import { pageOf } from '../http/paging.ts';

/** Bodies that may be left out altogether; nothing stands for an empty object. */
const optional = <S extends z.ZodType<object>>(schema: S) => z.preprocess(body => body ?? {}, schema);

export const StartBody = optional(LifecycleStartRequest);
export type StartBody = z.infer<typeof LifecycleStartRequest>;
export const StopBody = optional(LifecycleStopRequest);
export type StopBody = z.infer<typeof LifecycleStopRequest>;
export const RestartBody = optional(LifecycleRestartRequest);
export type RestartBody = z.infer<typeof LifecycleRestartRequest>;
export const SnapshotBody = optional(LifecycleSnapshotRequest);
export type SnapshotBody = z.infer<typeof LifecycleSnapshotRequest>;
export const MigrateBody = optional(LifecycleMigrateRequest);
export type MigrateBody = z.infer<typeof LifecycleMigrateRequest>;
export type RestoreBody = z.infer<typeof LifecycleRestoreRequest>;

export const SnapshotListResponse = pageOf(Snapshot, 'SnapshotListResponse');

/** A list of actions, carried out in order; one list is one operation. */
export const ActionExecutionRequest = z
  .strictObject({
    actions: z.array(Action).min(1).max(20),
    idempotency_key: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
      .nullable()
      .optional()
      .meta({ description: 'Stands for the header Idempotency-Key where none is sent' }),
  })
  .meta({ id: 'ActionExecutionRequest' });
export type ActionExecutionRequest = z.infer<typeof ActionExecutionRequest>;
