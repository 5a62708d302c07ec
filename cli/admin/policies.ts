import { Command } from 'commander';
import { stringify } from 'yaml';
import { listPolicies, policiesInForce, tenantsReached } from '../../db/policies.ts';
import { setPolicies } from '../../db/tenants.ts';
import type { Policy } from '../../domain/policy.ts';
import { contradictionsOf } from '../../policy/contradictions.ts';
import { asOwner } from './owner.ts';
import { policiesFrom } from './policy-file.ts';
import { policyJudgementCommands } from './policy-judgements.ts';

/** `admin policy …`. */
export function policyCommands(): Command {
  const policy = new Command('policy').description('Sets, shows and tries out the policies of a tenant.');
  policy
    .command('set')
    .description('Makes the policies of a tenant exactly those of a file; the versions before are kept.')
    .requiredOption('--tenant <id>', 'whose policies')
    .requiredOption('--file <name or file>', 'a YAML or JSON file, or sample, or open')
    .action(set);
  policy
    .command('show')
    .description('Prints the policies of a tenant as YAML that `policy set` takes.')
    .requiredOption('--tenant <id>', 'whose policies')
    .action(show);
  for (const command of policyJudgementCommands()) policy.addCommand(command);
  return policy;
}

async function set({ tenant, file }: { tenant: string; file: string }): Promise<void> {
  const policies = policiesFrom(file);
  const warnings = await asOwner(async owner => {
    await setPolicies(owner, { tenantId: tenant, policies });
    return owner.inTenant(tenant, async sql => {
      const tenants = await tenantsReached(sql);
      return contradictionsOf(await policiesInForce(sql), { tenants });
    });
  });
  console.log(`Tenant ${tenant} now has: ${policies.map(({ name }) => name).join(', ')}.`);
  for (const { message } of warnings) console.error(`Warning: ${message}.`);
}

async function show({ tenant }: { tenant: string }): Promise<void> {
  const found = await asOwner(owner => owner.inTenant(tenant, listPolicies));
  console.log(found.length > 0 ? written(found) : `# Tenant ${tenant} has no policy.`);
}

function written(policies: readonly Policy[]): string {
  const file = policies.map(({ name, scope_env, mode, rules }) => ({
    name,
    ...(scope_env && { scope_env }),
    ...(mode === 'shadow' && { mode }),
    rules,
  }));
  return stringify({ policies: file }).trimEnd();
}
