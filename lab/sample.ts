import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authenticate } from '../db/api-keys.ts';
import { type Database, openAsOwner, openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { STARTER_POLICIES } from '../db/policies.ts';
import { createApiKey, createTenant } from '../db/tenants.ts';
import type { Role } from '../domain/principal.ts';
import type { LabContext } from './context.ts';
import { writePrivately } from './secrets.ts';

/** The keys the story plays with: one asks, another agrees. */
export interface SampleKeys {
  readonly developer: string;
  readonly approver: string;
}

const SAMPLE_TENANT = 'acme';

const PEOPLE: Readonly<Record<keyof SampleKeys, { name: string; roles: Role[] }>> = {
  developer: { name: 'dana', roles: ['developer'] },
  approver: { name: 'alex', roles: ['operator'] },
};

/** Brings the schema up to date and makes the sample tenant; keys an earlier start made are used again. */
export async function prepareSample(
  context: Pick<LabContext, 'dataDir'>,
  urls: { ownerUrl: string; appUrl: string },
): Promise<SampleKeys> {
  await migrate(urls.ownerUrl);
  const owner = openAsOwner(urls.ownerUrl);
  const db = await openDatabase(urls.appUrl, { maxConnections: 1 });
  try {
    await createTenant(owner, { tenantId: SAMPLE_TENANT, policies: [STARTER_POLICIES.sample] });
    const kept = await keptKeys(context, db);
    if (kept) return kept;
    const [developer, approver] = [await makeKey(owner, 'developer'), await makeKey(owner, 'approver')];
    writePrivately(keysFile(context), `${JSON.stringify({ developer, approver }, null, 2)}\n`);
    return { developer, approver };
  } finally {
    await Promise.all([owner.close(), db.close()]);
  }
}

async function makeKey(owner: Pick<Database, 'inTenant'>, who: keyof SampleKeys): Promise<string> {
  const { name, roles } = PEOPLE[who];
  const { token } = await createApiKey(owner, {
    tenantId: SAMPLE_TENANT,
    installation: 'dev',
    name,
    roles,
    kind: 'human',
  });
  return token;
}

async function keptKeys(context: Pick<LabContext, 'dataDir'>, db: Database): Promise<SampleKeys | undefined> {
  if (!existsSync(keysFile(context))) return undefined;
  const keys = JSON.parse(readFileSync(keysFile(context), 'utf8')) as SampleKeys;
  const known = await Promise.all([authenticate(db, keys.developer), authenticate(db, keys.approver)]);
  return known.every(principal => principal !== undefined) ? keys : undefined;
}

function keysFile({ dataDir }: Pick<LabContext, 'dataDir'>): string {
  return join(dataDir, 'sample-keys.json');
}
