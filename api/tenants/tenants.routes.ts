import { Paging } from '../http/paging.ts';
import { EXAMPLES } from '../openapi/examples.ts';
import type { Route } from '../openapi/route.ts';
import { TenantAnswer, TenantCreateRequest, TenantListResponse, TenantMade } from './tenants.schemas.ts';

/** Those who share an installation and see nothing of each other, except from above. */
export const tenantRoutes: readonly Route[] = [
  {
    operationId: 'createTenant',
    method: 'post',
    path: '/tenants',
    tag: 'Tenants',
    summary: 'Create a tenant below yours',
    description:
      'It begins with the sample policy. What the policies of the tenants above it deny, its own cannot allow.',
    permission: 'tenant:write',
    body: { schema: TenantCreateRequest, required: true, examples: EXAMPLES.createTenant },
    answer: {
      status: 201,
      description: 'Created; the key of its first administrator is shown this once',
      schema: TenantMade,
      headers: ['Location', 'Idempotent-Replayed'],
    },
    problems: ['name_taken', 'not_found'],
    withoutTemporal: true,
  },
  {
    operationId: 'listTenants',
    method: 'get',
    path: '/tenants',
    tag: 'Tenants',
    summary: 'List your tenant and those below it',
    permission: 'tenant:read',
    query: Paging,
    answer: { status: 200, description: 'One page, by id', schema: TenantListResponse },
  },
  {
    operationId: 'getTenant',
    method: 'get',
    path: '/tenants/{tenant_id}',
    tag: 'Tenants',
    summary: 'Get a tenant',
    permission: 'tenant:read',
    answer: { status: 200, description: 'The tenant', schema: TenantAnswer },
  },
];
