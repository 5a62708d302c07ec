import { z } from 'zod';
import { type Database, openAsOwner } from '../../db/database.ts';
import { Settings } from '../../process/config.ts';

const AdminSettings = Settings.pick({ RUNTIMEAI_DATABASE_OWNER_URL: true, RUNTIMEAI_INSTALLATION: true });

/** The settings the admin commands need: the database as the owner of its tables, and the name of the installation. */
export function adminSettings(environment: NodeJS.ProcessEnv = process.env): {
  ownerUrl: string;
  installation: string;
} {
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = AdminSettings.safeParse(Object.fromEntries(given));
  if (!parsed.success) throw new Error(`The settings are not usable:\n${z.prettifyError(parsed.error)}`);
  const { RUNTIMEAI_DATABASE_OWNER_URL: ownerUrl, RUNTIMEAI_INSTALLATION: installation } = parsed.data;
  if (ownerUrl) return { ownerUrl, installation };
  throw new Error(
    'RUNTIMEAI_DATABASE_OWNER_URL is not set. Set it to the database as the owner of its tables, ' +
      'e.g. postgres://runtimeai_owner:…@127.0.0.1:5432/runtimeai.',
  );
}

/** Opens the database as its owner for one piece of work. */
export async function asOwner<T>(work: (owner: Pick<Database, 'inTenant'>) => Promise<T>): Promise<T> {
  const owner = openAsOwner(adminSettings().ownerUrl);
  try {
    return await work(owner);
  } finally {
    await owner.close();
  }
}
