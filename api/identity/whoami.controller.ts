import { Controller, Get } from '@nestjs/common';
import { Permission, type Principal, projectsOf } from '../../domain/principal.ts';
import { Authenticated } from '../http/permission.decorator.ts';
import { Caller } from '../http/request.ts';
import type { Whoami } from './whoami.schemas.ts';

@Controller('v1/whoami')
export class WhoamiController {
  @Get()
  @Authenticated()
  read(@Caller() caller: Principal): Whoami {
    return whoami(caller);
  }
}

function whoami(caller: Principal): Whoami {
  const { id, name, tenantId, personId, onBehalfOf, roles, grants, groups, credential } = caller;
  return {
    principal_id: id,
    name,
    kind: caller.kind === 'agent' ? 'agent' : 'human',
    tenant_id: tenantId,
    person_id: personId,
    on_behalf_of: onBehalfOf ? { id: onBehalfOf.id, name: onBehalfOf.name } : null,
    roles,
    grants,
    groups,
    permissions: permissionsOf(caller),
    credential: {
      kind: credential.kind === 'token' ? 'token' : 'key',
      id: credential.id,
      expires_at: credential.expiresAt ?? null,
      acr: caller.acr ?? null,
      scopes: caller.scopes ?? null,
    },
  };
}

function permissionsOf(caller: Principal): Whoami['permissions'] {
  return Permission.options
    .map(permission => ({ permission, where: projectsOf(caller, permission) }))
    .filter(({ where }) => where === 'all' || where.length > 0)
    .map(({ permission, where }) => ({ permission, projects: where === 'all' ? null : [...where] }));
}
