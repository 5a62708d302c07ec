import { Command, InvalidArgumentError, Option } from 'commander';
import { OPERATOR } from '../../db/author.ts';
import { addGrant, changeMember, countMemberChange, removeGrant } from '../../db/member-changes.ts';
import { findMember, type Member, pageOfMembers } from '../../db/members.ts';
import { lockOwn } from '../../db/own-tenant.ts';
import { findProject } from '../../db/projects.ts';
import type { TenantSql } from '../../db/tables.ts';
import { idOf } from '../../domain/ids.ts';
import { type Grant, Role } from '../../domain/principal.ts';
import { linkCommand } from './logins.ts';
import { asOwner } from './owner.ts';

interface GrantOptions {
  tenant: string;
  role: Role;
  project?: string;
}

/** `admin member …`. */
export function memberCommands(): Command {
  return new Command('member')
    .description('Shows the people and agents of a tenant, and gives and takes away roles and logins.')
    .addCommand(listCommand())
    .addCommand(grantCommand())
    .addCommand(revokeCommand())
    .addCommand(disableCommand())
    .addCommand(linkCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('Lists the members of a tenant with their roles; role@project is a role in one project.')
    .requiredOption('--tenant <id>', 'whose members')
    .option('--project <name>', 'only who has a role in this project, or in all')
    .action(async ({ tenant, project }: { tenant: string; project?: string }) => {
      const members = await asOwner(owner => owner.inTenant(tenant, db => everyMember(db, project)));
      if (members.length === 0) return console.log(`There is no such member of a tenant ${tenant}.`);
      console.table(
        members.map(({ id, name, kind, grants, claimed, disabled }) => ({
          member: id,
          name,
          kind,
          roles: grants.map(inWords).join(' '),
          claimed: claimed.map(inWords).join(' '),
          disabled: disabled ? 'yes' : '',
        })),
      );
    });
}

function grantCommand(): Command {
  return roleCommand('grant', 'Gives a member a role.').action(
    (memberId: string, { tenant, ...options }: GrantOptions) =>
      changing({ tenant, memberId }, async (db, member) => {
        const grant = grantOf(options);
        if (grant.project !== null && !(await findProject(db, grant.project)))
          throw new Error(`Tenant ${tenant} has no project ${grant.project}. Make it with project quota.`);
        const given = await addGrant(db, { memberId, grant }, OPERATOR);
        return given
          ? `${member.name} is now ${inWords(grant)}.`
          : `${member.name} is ${inWords(grant)} already.`;
      }),
  );
}

function revokeCommand(): Command {
  return roleCommand('revoke', 'Takes a role away from a member, from the next request on.').action(
    (memberId: string, { tenant, ...options }: GrantOptions) =>
      changing({ tenant, memberId }, async (db, member) => {
        const grant = grantOf(options);
        if (await removeGrant(db, { memberId, grant }, OPERATOR))
          return `${member.name} is no longer ${inWords(grant)}.`;
        throw new Error(
          `${member.name} was not granted ${inWords(grant)}; see npm run admin -- member list --tenant ${tenant}.`,
        );
      }),
  );
}

function disableCommand(): Command {
  return new Command('disable')
    .description('Makes all keys and logins of a member useless; what it did stays under its name.')
    .argument('<prn_…>', 'the member, as `member list` shows it', memberIdOf)
    .requiredOption('--tenant <id>', 'whose member')
    .action((memberId: string, { tenant }: { tenant: string }) =>
      changing({ tenant, memberId }, async (db, member) => {
        if (member.disabled) return `${member.name} is disabled already.`;
        await changeMember(db, { ...member, disabled: true }, OPERATOR);
        return `Disabled ${member.name}.`;
      }),
    );
}

function roleCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<prn_…>', 'the member, as `member list` shows it', memberIdOf)
    .requiredOption('--tenant <id>', 'whose member')
    .addOption(new Option('--role <role>', 'which').choices(Role.options).makeOptionMandatory())
    .option('--project <name>', 'in this project only');
}

async function changing(
  { tenant, memberId }: { tenant: string; memberId: string },
  change: (db: TenantSql, member: Member) => Promise<string>,
): Promise<void> {
  const done = await asOwner(owner =>
    owner.inTenant(tenant, async db => {
      await lockOwn(db, 'members');
      const member = await findMember(db, memberId);
      if (!member)
        throw new Error(
          `Tenant ${tenant} has no member ${memberId}; see npm run admin -- member list --tenant ${tenant}.`,
        );
      const message = await change(db, member);
      await countMemberChange(db, memberId);
      return message;
    }),
  );
  console.log(done);
}

async function everyMember(db: TenantSql, project: string | undefined): Promise<Member[]> {
  const members: Member[] = [];
  let pageToken: string | null = null;
  do {
    const page = await pageOfMembers(db, {
      filter: { project },
      pageSize: 200,
      ...(pageToken !== null && { pageToken }),
    });
    members.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== null);
  return members;
}

function grantOf({ role, project = null }: Pick<GrantOptions, 'role'> & { project?: string | null }): Grant {
  return { role, project };
}

function inWords({ role, project }: Grant): string {
  return project === null ? role : `${role}@${project}`;
}

function memberIdOf(text: string): string {
  if (idOf('principal').safeParse(text).success) return text;
  throw new InvalidArgumentError(
    'It must be an id as member list shows it, e.g. prn_01h455vb4pex5vsknk084sn02q.',
  );
}
