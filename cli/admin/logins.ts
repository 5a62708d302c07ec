import { Command } from 'commander';
import { appendAudit } from '../../db/audit.ts';
import { OPERATOR } from '../../db/author.ts';
import { linkLogin } from '../../db/logins.ts';
import { idOf } from '../../domain/ids.ts';
import { asOwner } from './owner.ts';

interface LinkOptions {
  tenant: string;
  principal: string;
  issuer: string;
  subject: string;
}

/** `admin member link`. */
export function linkCommand(): Command {
  return new Command('link')
    .description('Makes a login one of this principal, so that its keys and this login are one person.')
    .requiredOption('--tenant <id>', 'the tenant')
    .requiredOption('--principal <prn_…>', 'whose login it becomes')
    .requiredOption('--issuer <url>', 'the issuer of the tokens, as their iss says')
    .requiredOption('--subject <sub>', 'by what that issuer knows them, as sub says')
    .action(async (options: LinkOptions) => {
      await link(options);
      console.log(`${options.subject} of ${options.issuer} is ${options.principal} from now on.`);
    });
}

async function link({ tenant, principal, issuer, subject }: LinkOptions): Promise<void> {
  const principalId = idOf('principal').parse(principal);
  await asOwner(database =>
    database.inTenant(tenant, async db => {
      const linked = await linkLogin(db, { principalId, issuer, subject });
      if (linked.answer === 'no_such_principal')
        throw new Error(`Tenant ${tenant} has no principal ${principal}; GET /v1/members lists them.`);
      if (linked.answer === 'has_keys')
        throw new Error(
          `The login belongs to ${linked.principalId}, which has API keys in use: they would become somebody else’s. Revoke them first.`,
        );
      if (linked.answer === 'linked_already') return;
      await appendAudit(db, {
        ...OPERATOR,
        action: 'member.link',
        object: { kind: 'principal', id: principal, name: null },
        outcome: 'succeeded',
        details: { issuer, subject },
      });
    }),
  );
}
