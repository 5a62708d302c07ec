import { Command } from 'commander';
import { migrate } from '../../db/migrate.ts';
import { adminSettings } from './owner.ts';

/** `admin migrate`. */
export function migrateCommand(): Command {
  return new Command('migrate').description('Brings the database to the newest schema.').action(async () => {
    const applied = await migrate(adminSettings().ownerUrl);
    console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The schema is the newest already.');
  });
}
