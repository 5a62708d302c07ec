import { Command, InvalidArgumentError, Option } from 'commander';
import { Role } from '../../domain/principal.ts';
import { signDevToken } from '../../process/dev-issuer.ts';

interface TokenOptions {
  tenant: string;
  name: string;
  role: Role[];
  group: string[];
  acr?: string;
  minutes: number;
}

const DAY_IN_MINUTES = 24 * 60;

/** `admin token`: a token of the issuer that is built in for development. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Prints an access token of the built-in development issuer (RUNTIMEAI_DEV_ISSUER_KEY_FILE).')
    .requiredOption('--tenant <id>', 'the tenant it claims')
    .requiredOption('--name <name>', 'who it is issued to')
    .addOption(new Option('--role <role...>', 'the roles it claims').choices(Role.options).default([]))
    .option('--group <group...>', 'the groups it claims', [])
    .option('--acr <word>', 'how they were authenticated, e.g. mfa')
    .option('--minutes <number>', 'how long it is good', minutesOf, 60)
    .action(({ role, group, ...rest }: TokenOptions) => {
      console.log(signDevToken(keyFile(), { ...rest, roles: role, groups: group }));
    });
}

function keyFile(): string {
  const path = process.env['RUNTIMEAI_DEV_ISSUER_KEY_FILE'];
  if (path) return path;
  throw new Error(
    'RUNTIMEAI_DEV_ISSUER_KEY_FILE is not set. Set it to the key file of the development issuer; npm start prints where its own is.',
  );
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= DAY_IN_MINUTES) return minutes;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${DAY_IN_MINUTES}`);
}
