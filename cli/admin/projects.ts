import { Command, InvalidArgumentError } from 'commander';
import { listProjects } from '../../db/projects.ts';
import { setQuota } from '../../db/tenants.ts';
import { ProjectName, SlotQuota } from '../../domain/tenant.ts';
import { asOwner } from './owner.ts';

interface QuotaOptions {
  tenant: string;
  project: string;
  cpu: number;
  memoryMib: number;
  pods: number;
  storageGib: number;
}

/** `admin project …`. */
export function projectCommands(): Command {
  return new Command('project')
    .description('Sets and shows what the projects of a tenant may hold.')
    .addCommand(quotaCommand())
    .addCommand(showCommand());
}

function quotaCommand(): Command {
  return new Command('quota')
    .description('Sets what a project may hold; its namespace follows with the next deploy.')
    .requiredOption('--tenant <id>')
    .requiredOption('--project <name>', 'is made when it is not there yet')
    .requiredOption('--cpu <cores>', 'CPU cores in all', numberOf)
    .requiredOption('--memory-mib <number>', 'MiB of memory in all', numberOf)
    .requiredOption('--pods <number>', 'pods in all', numberOf)
    .requiredOption('--storage-gib <number>', 'GiB of storage in all', numberOf)
    .action(async ({ tenant, project, cpu, pods, memoryMib, storageGib }: QuotaOptions) => {
      const quota = SlotQuota.parse({ cpu, memoryMiB: memoryMib, pods, storageGiB: storageGib });
      const name = ProjectName.parse(project);
      await asOwner(owner => setQuota(owner, { tenantId: tenant, name, quota }));
      console.log(`Project ${name} of tenant ${tenant} may now hold ${inWords(quota)}.`);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('Prints what the projects of a tenant may hold; a project is made by its first deploy.')
    .requiredOption('--tenant <id>')
    .option('--project <name>', 'only this one')
    .action(async ({ tenant, project }: { tenant: string; project?: string }) => {
      const projects = await asOwner(owner => owner.inTenant(tenant, listProjects));
      const found = projects.filter(({ name }) => project === undefined || name === project);
      if (found.length === 0) throw new Error(nothingFound(tenant, project));
      for (const { name, quota } of found) console.log(`${name}: ${inWords(quota)}`);
    });
}

function nothingFound(tenant: string, project: string | undefined): string {
  const what = project === undefined ? 'has no project' : `has no project ${project}`;
  return `Tenant ${tenant} ${what}; the first deploy makes one with RUNTIMEAI_SLOT_QUOTA, or project quota makes it now.`;
}

function inWords({ cpu, memoryMiB, pods, storageGiB }: SlotQuota): string {
  return `${cpu} CPU cores, ${memoryMiB} MiB of memory, ${pods} pods, ${storageGiB} GiB of storage`;
}

function numberOf(text: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a number, e.g. 16');
}
