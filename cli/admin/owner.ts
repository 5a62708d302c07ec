import { z } from 'zod';
import { type Database, openAsOwner, placeOf } from '../../db/database.ts';
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
      'e.g. postgres://runtimeai_owner:…@127.0.0.1:5432/runtimeai; npm start prints that of the database it runs.',
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

/** What to do when the database could not be reached or refused the owner; undefined for any other error. */
export function whyDatabaseRefused(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (!NOT_REACHED.test(code)) return undefined;
  const place = placeOf(adminSettings().ownerUrl);
  return `PostgreSQL at ${place} could not be used: ${error.message || code}. Start it, or correct RUNTIMEAI_DATABASE_OWNER_URL.`;
}

// Node's codes of a failed connection; PostgreSQL's classes 28 (authorization) and 3D (no such database), 57P03 (starting).
const NOT_REACHED = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|28|3D|57P03)/;
