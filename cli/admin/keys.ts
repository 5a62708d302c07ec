import { Command, Option } from 'commander';
import { listApiKeys } from '../../db/api-keys.ts';
import { OPERATOR } from '../../db/author.ts';
import { dropKey, makeKey, replaceKey, whyNotRotatable } from '../../db/key-changes.ts';
import { lockForRotation } from '../../db/key-rotation.ts';
import { requireTenant } from '../../db/tenants.ts';
import { LONGEST_OVERLAP_SECONDS } from '../../domain/api-key.ts';
import { Permission, Role } from '../../domain/principal.ts';
import { secondsOf } from './duration.ts';
import { adminSettings, asOwner } from './owner.ts';

interface CreateOptions {
  tenant: string;
  name: string;
  role?: Role[];
  project?: string;
  kind: 'human' | 'agent';
  owner?: string;
  scope?: Permission[];
  expires?: number;
  principal?: string;
  quiet?: boolean;
}

/** `admin key …`. */
export function apiKeyCommands(): Command {
  return new Command('key')
    .description('Makes, lists, rotates and revokes API keys.')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(revokeCommand());
}

function createCommand(): Command {
  return new Command('create')
    .description('Makes an API key and prints it; it is never shown again.')
    .requiredOption('--tenant <id>', 'the tenant the key acts for')
    .requiredOption('--name <name>', 'who or what uses the key')
    .addOption(
      new Option('--role <role...>', 'what its principal may do; may be left out with --principal').choices(
        Role.options,
      ),
    )
    .option('--project <name>', 'where the roles hold; everywhere without it')
    .addOption(new Option('--kind <kind>', 'who uses it').choices(['human', 'agent']).default('human'))
    .option('--owner <prn_…>', 'of an agent: the person who answers for it')
    .addOption(
      new Option('--scope <permission...>', 'what the key is limited to').choices(Permission.options),
    )
    .option('--expires <duration>', 'e.g. 90d, 12h, 30m; without it the key never expires', secondsOf)
    .option('--principal <prn_…>', 'the principal that gets this further key')
    .option('--quiet', 'print nothing but the key')
    .action(async ({ quiet, ...options }: CreateOptions) => {
      const { token, key } = await create(options);
      console.log(token);
      if (!quiet)
        console.error(`Key ${key.id} of ${key.principal_id}. Keep it now: it is never shown again.`);
    });
}

async function create({
  tenant,
  role,
  project,
  kind,
  owner,
  scope,
  expires,
  principal,
  name,
}: CreateOptions) {
  if (!role && !principal)
    throw new Error('Say by --role what the key may do, or by --principal whose further key it is.');
  return asOwner(database =>
    database.inTenant(tenant, async db => {
      await requireTenant(db, tenant);
      const request = {
        name,
        kind,
        roles: role ?? [],
        installation: adminSettings().installation,
        ...(project === undefined ? {} : { project }),
        ...(owner === undefined ? {} : { ownerId: owner }),
        ...(scope === undefined ? {} : { scopes: scope }),
        ...(expires === undefined ? {} : { expiresInSeconds: expires }),
        ...(principal === undefined ? {} : { principalId: principal }),
      };
      return makeKey(db, request, OPERATOR);
    }),
  );
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
          key: key.id,
          name: key.name,
          kind: key.kind,
          roles: key.roles.join(' '),
          principal: key.principal_id,
          expires: key.expires_at ?? 'never',
          'last used': key.last_used_at ?? 'never',
          revoked: key.revoked_at ?? '',
        })),
      );
    });
}

interface RotateOptions {
  tenant: string;
  oldEndsIn: number;
  expires?: number;
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('Makes a key in the place of another and prints it; the old one lives on for a while.')
    .argument('<key id>', 'the key to replace, as `key list` shows it')
    .requiredOption('--tenant <id>', 'whose keys')
    .option('--old-ends-in <duration>', 'how long both are good, at most 7d', secondsOf, 24 * 3600)
    .option(
      '--expires <duration>',
      'of the new key; without it as long as the old one was made for',
      secondsOf,
    )
    .action(async (keyId: string, options: RotateOptions) => {
      const { token, key } = await rotate(keyId, options);
      console.log(token);
      console.error(`Key ${key.id} replaces ${keyId}. Keep it now: it is never shown again.`);
    });
}

async function rotate(keyId: string, { tenant, oldEndsIn, expires }: RotateOptions) {
  if (oldEndsIn > LONGEST_OVERLAP_SECONDS) throw new Error('The old key may live on for 7d at most.');
  return asOwner(database =>
    database.inTenant(tenant, async db => {
      const old = await lockForRotation(db, keyId);
      if (!old) throw noSuchKey(tenant, keyId);
      const why = whyNotRotatable(old);
      if (why) throw new Error(why);
      return replaceKey(db, old, {
        installation: adminSettings().installation,
        oldEndsInSeconds: oldEndsIn,
        by: OPERATOR,
        ...(expires === undefined ? {} : { expiresInSeconds: expires }),
      });
    }),
  );
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('Makes a key useless from the next request on.')
    .argument('<key id>', 'the part of the key after the installation, as `key list` shows it')
    .requiredOption('--tenant <id>', 'whose keys')
    .action(async (keyId: string, { tenant }: { tenant: string }) => {
      const revoked = await asOwner(owner => owner.inTenant(tenant, db => dropKey(db, keyId, OPERATOR)));
      if (!revoked) throw noSuchKey(tenant, keyId);
      console.log(`Revoked ${keyId}.`);
    });
}

function noSuchKey(tenant: string, keyId: string): Error {
  return new Error(
    `Tenant ${tenant} has no key ${keyId} in use; see npm run admin -- key list --tenant ${tenant}.`,
  );
}
