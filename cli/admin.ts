import { Command } from 'commander';
import { ZodError, z } from 'zod';
import { auditCommands } from './admin/audit.ts';
import { apiKeyCommands } from './admin/keys.ts';
import { memberCommands } from './admin/members.ts';
import { migrateCommand } from './admin/migrate.ts';
import { whyDatabaseRefused } from './admin/owner.ts';
import { policyCommands } from './admin/policies.ts';
import { projectCommands } from './admin/projects.ts';
import { tenantCommands } from './admin/tenants.ts';
import { tokenCommand } from './admin/token.ts';

/** `npm run admin -- …`: what only the owner of the database may do. */
export function adminProgram(): Command {
  return new Command('admin')
    .description('Administers RuntimeAI in its database; needs RUNTIMEAI_DATABASE_OWNER_URL.')
    .addCommand(migrateCommand())
    .addCommand(tenantCommands())
    .addCommand(memberCommands())
    .addCommand(apiKeyCommands())
    .addCommand(tokenCommand())
    .addCommand(policyCommands())
    .addCommand(projectCommands())
    .addCommand(auditCommands());
}

if (import.meta.main) {
  try {
    await adminProgram().parseAsync();
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof ZodError) return z.prettifyError(error);
  if (!(error instanceof Error)) return String(error);
  return whyDatabaseRefused(error) ?? error.message;
}
