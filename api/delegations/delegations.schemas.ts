import { z } from 'zod';
import { Delegation } from '../../domain/approval.ts';
import { Paging, pageOf } from '../http/paging.ts';

const PrincipalId = z
  .string()
  .regex(/^[a-z0-9_]{1,64}$/, 'must be the id of a principal')
  .meta({ examples: ['prn_01h455vb4pex5vsknk084sn02q'] });

export const DelegationRequest = z
  .strictObject({
    to: PrincipalId.meta({ description: 'The person who will decide' }),
    from: PrincipalId.optional().meta({
      description: 'The person in whose place; yourself when left out. Another one needs `member:write`',
    }),
    until: z.iso.datetime({ offset: true }).meta({ description: 'When it ends: at most 90 days from now' }),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'DelegationRequest' });
export type DelegationRequest = z.infer<typeof DelegationRequest>;

export const DelegationListQuery = Paging.extend({
  view: z
    .enum(['live', 'ended'])
    .optional()
    .meta({ description: 'Those that hold now, or those that do not any more; all when left out' }),
  principal_id: PrincipalId.optional().meta({ description: 'Only those from or to this principal' }),
});
export type DelegationListQuery = z.infer<typeof DelegationListQuery>;

export const DelegationListResponse = pageOf(Delegation, 'DelegationListResponse');
