import { Command, InvalidArgumentError } from 'commander';
import { createTenant } from '../../db/tenants.ts';
import { NewTenantId } from '../../domain/tenant.ts';
import { asOwner } from './owner.ts';
import { policiesFrom } from './policy-file.ts';

interface CreateOptions {
  policy: string;
  parent?: string;
  name?: string;
}

/** `admin tenant …`. */
export function tenantCommands(): Command {
  const tenant = new Command('tenant').description('Makes tenants.');
  tenant
    .command('create')
    .argument('<id>', 'lower-case letters, digits and single hyphens', tenantIdOf)
    .description('Makes a tenant with its first policies; a tenant that is there keeps what it has.')
    .option('--policy <name or file>', 'sample, open, or a YAML or JSON file', 'sample')
    .option('--parent <id>', 'the tenant above it, whose denials its own policies cannot undo')
    .option('--name <name>', 'what it is called in words')
    .action(async (tenantId: string, { policy, ...named }: CreateOptions) => {
      const policies = policiesFrom(policy);
      const made = await asOwner(owner => createTenant(owner, { tenantId, policies, ...named }));
      console.log(
        made ? `Made tenant ${tenantId}.` : `Tenant ${tenantId} is there already; nothing was changed.`,
      );
    });
  return tenant;
}

function tenantIdOf(text: string): string {
  const parsed = NewTenantId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues.map(issue => issue.message).join('; ')}.`);
}
