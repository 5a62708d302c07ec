import { Command } from 'commander';
import { stringify } from 'yaml';
import { listPolicies } from '../../db/policies.ts';
import { setPolicies } from '../../db/tenants.ts';
import { asOwner } from './owner.ts';
import { policiesFrom } from './policy-file.ts';

/** `admin policy …`. */
export function policyCommands(): Command {
  const policy = new Command('policy').description('Sets and shows the policies of a tenant.');
  policy
    .command('set')
    .description('Replaces all policies of a tenant.')
    .requiredOption('--tenant <id>', 'whose policies')
    .requiredOption('--file <name or file>', 'a YAML or JSON file, or sample, or open')
    .action(async ({ tenant, file }: { tenant: string; file: string }) => {
      const policies = policiesFrom(file);
      await asOwner(owner => setPolicies(owner, { tenantId: tenant, policies }));
      console.log(`Tenant ${tenant} now has: ${policies.map(({ name }) => name).join(', ')}.`);
    });
  policy
    .command('show')
    .description('Prints the policies of a tenant as YAML that `policy set` takes.')
    .requiredOption('--tenant <id>', 'whose policies')
    .action(async ({ tenant }: { tenant: string }) => {
      const found = await asOwner(owner => owner.inTenant(tenant, listPolicies));
      const policies = found.map(({ name, scope_env, rules }) => ({
        name,
        ...(scope_env && { scope_env }),
        rules,
      }));
      console.log(
        policies.length > 0 ? stringify({ policies }).trimEnd() : `# Tenant ${tenant} has no policy.`,
      );
    });
  return policy;
}
