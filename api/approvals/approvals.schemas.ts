import type { z } from 'zod';
import { Approval } from '../../domain/approval.ts';
import { idOf } from '../../domain/ids.ts';
import { Paging, pageOf } from '../http/paging.ts';

export const ApprovalListQuery = Paging.extend({
  status: Approval.shape.status.optional(),
  operation_id: idOf('operation').optional(),
});
export type ApprovalListQuery = z.infer<typeof ApprovalListQuery>;

export const ApprovalListResponse = pageOf(Approval, 'ApprovalListResponse');
