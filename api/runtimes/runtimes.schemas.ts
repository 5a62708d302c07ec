import type { z } from 'zod';
import { Runtime, RuntimeState, RuntimeType } from '../../domain/runtime.ts';
import { Environment, ProjectName } from '../../domain/tenant.ts';
import { Paging, pageOf } from '../http/paging.ts';

export const RuntimeListQuery = Paging.extend({
  type: RuntimeType.optional(),
  state: RuntimeState.optional(),
  project: ProjectName.optional(),
  environment: Environment.optional(),
});
export type RuntimeListQuery = z.infer<typeof RuntimeListQuery>;

export const RuntimeListResponse = pageOf(Runtime, 'RuntimeListResponse');
