import { z } from 'zod';
import { idOf } from '../../domain/ids.ts';
import { Role } from '../../domain/principal.ts';
import { ProjectName, TenantId } from '../../domain/tenant.ts';
import { Paging, pageOf } from '../http/paging.ts';
import { plainText } from '../http/plain-text.ts';

const Name = plainText(100).meta({ description: 'How others see it' });

/** A role in one project, or in all of them. */
export const MemberGrant = z
  .strictObject({
    role: Role,
    project: ProjectName.nullable().meta({ description: 'null: in all projects, and in the tenant itself' }),
  })
  .meta({ id: 'Grant' });

const settings = {
  owner_id: idOf('principal')
    .nullable()
    .optional()
    .meta({ description: 'Of an agent: the person answerable for it. Whoever makes it when left out' }),
  groups: z
    .array(z.string().min(1).max(200))
    .max(100)
    .optional()
    .meta({ description: 'Of a person who logs in, the next token says them anew' }),
  may_act_for: z
    .array(idOf('principal'))
    .max(100)
    .optional()
    .meta({ description: 'Of an agent: in whose place it may act, beside its owner’s' }),
  grants: z.array(MemberGrant).max(200).optional(),
};

export const MemberCreateRequest = z
  .strictObject({ name: Name, ...settings, kind: z.enum(['human', 'agent']) })
  .meta({ id: 'MemberCreateRequest' });
export type MemberCreateRequest = z.infer<typeof MemberCreateRequest>;

/** What is left out stays as it is. */
export const MemberChangeRequest = z
  .strictObject({ name: Name.optional(), ...settings, disabled: z.boolean().optional() })
  .meta({ id: 'MemberChangeRequest' });
export type MemberChangeRequest = z.infer<typeof MemberChangeRequest>;

/** A member as it is answered. */
export const MemberAnswer = z
  .object({
    id: idOf('principal'),
    tenant_id: TenantId,
    name: z.string(),
    kind: z.enum(['human', 'agent']),
    owner_id: z.string().nullable(),
    groups: z.array(z.string()),
    may_act_for: z.array(z.string()),
    disabled: z.boolean(),
    grants: z.array(z.object({ role: Role, project: z.string().nullable() })),
    claimed: z
      .array(z.object({ role: Role, project: z.string().nullable() }))
      .meta({ description: 'Roles that its newest token claims; the next one may claim others' }),
    created_at: z.iso.datetime(),
    last_seen_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Member' });
export type MemberAnswer = z.infer<typeof MemberAnswer>;

export const MemberListQuery = Paging.extend({
  project: ProjectName.optional().meta({
    description: 'Only who has a role in this project, or in all',
    examples: ['default'],
  }),
  role: Role.optional().meta({ examples: ['developer'] }),
  kind: z.enum(['human', 'agent']).optional(),
});
export type MemberListQuery = z.infer<typeof MemberListQuery>;

export const MemberListResponse = pageOf(MemberAnswer, 'MemberListResponse');
