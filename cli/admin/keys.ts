import { Command, InvalidArgumentError, Option } from 'commander';
import { listApiKeys, revokeApiKey } from '../../db/api-keys.ts';
import { createApiKey } from '../../db/tenants.ts';
import { Role } from '../../domain/principal.ts';
import { adminSettings, asOwner } from './owner.ts';

interface CreateOptions {
  tenant: string;
  name: string;
  role: Role[];
  kind: 'human' | 'agent';
  expires?: number;
  principal?: string;
  quiet?: boolean;
}

/** `admin key …`. */
export function apiKeyCommands(): Command {
  return new Command('key')
    .description('Makes, lists and revokes API keys.')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

function createCommand(): Command {
  return new Command('create')
    .description('Makes an API key and prints it; it is never shown again.')
    .requiredOption('--tenant <id>', 'the tenant the key acts for')
    .requiredOption('--name <name>', 'who or what uses the key')
    .addOption(new Option('--role <role...>', 'what it may do').choices(Role.options).makeOptionMandatory())
    .addOption(new Option('--kind <kind>', 'who uses it').choices(['human', 'agent']).default('human'))
    .option('--expires <duration>', 'e.g. 90d, 12h, 30m; without it the key never expires', secondsOf)
    .option('--principal <prn_…>', 'the principal that gets this further key')
    .option('--quiet', 'print nothing but the key')
    .action(async ({ tenant, role, expires, principal, quiet, ...rest }: CreateOptions) => {
      const key = await asOwner(owner =>
        createApiKey(owner, {
          ...rest,
          tenantId: tenant,
          roles: role,
          installation: adminSettings().installation,
          ...(expires === undefined ? {} : { expiresInSeconds: expires }),
          ...(principal === undefined ? {} : { principalId: principal }),
        }),
      );
      console.log(key.token);
      if (!quiet)
        console.error(`Key ${key.keyId} of ${key.principalId}. Keep it now: it is never shown again.`);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('Lists the keys of a tenant, without their secrets.')
    .requiredOption('--tenant <id>', 'whose keys')
    .action(async ({ tenant }: { tenant: string }) => {
      const keys = await asOwner(owner => owner.inTenant(tenant, listApiKeys));
      if (keys.length === 0) return console.log(`There is no key of a tenant ${tenant}.`);
      console.table(
        keys.map(key => ({
          key: key.key_id,
          name: key.name,
          kind: key.kind,
          roles: key.roles.join(' '),
          principal: key.principal_id,
          expires: key.expires_at ?? 'never',
          revoked: key.revoked_at ?? '',
        })),
      );
    });
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('Makes a key useless from the next request on.')
    .argument('<key id>', 'the part of the key after the installation, as `key list` shows it')
    .requiredOption('--tenant <id>', 'whose keys')
    .action(async (keyId: string, { tenant }: { tenant: string }) => {
      const revoked = await asOwner(owner => owner.inTenant(tenant, db => revokeApiKey(db, keyId)));
      if (!revoked)
        throw new Error(
          `Tenant ${tenant} has no key ${keyId} in use; see npm run admin -- key list --tenant ${tenant}.`,
        );
      console.log(`Revoked ${keyId}.`);
    });
}

const SECONDS = { m: 60, h: 3600, d: 24 * 3600 } as const;

function secondsOf(text: string): number {
  const match = /^([1-9][0-9]{0,4})([mhd])$/.exec(text);
  const unit = match?.[2];
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(match?.[1]) * SECONDS[unit];
  throw new InvalidArgumentError('must be a number with m, h or d, e.g. 90d');
}
