import { type Database, openAsOwner, openDatabase } from '../../db/database.ts';
import { STARTER_POLICIES } from '../../db/policies.ts';
import { createApiKey, createTenant } from '../../db/tenants.ts';
import { auditRecord } from '../audit.ts';
import { freshDatabase, startTestServer, withClient } from '../postgres.ts';
import { measureSealing, type SealingRate, WRITERS } from './audit-sealing.ts';
import { measureSettings } from './audit-settings.ts';
import { ABOUT_A_DEPLOY, type AuditedWrite, measureAdmission, measureStatement } from './audit-writes.ts';
import type { Bar } from './bars.ts';
import { median } from './statistics.ts';

/** What the audit costs a write, and how fast it is sealed. */
export interface AuditCosts {
  readonly writes: readonly AuditedWrite[];
  readonly sealing: SealingRate;
}

type Say = (line: string) => void;

const STATEMENTS = 1_500;
const ADMISSIONS = 1_000;
/** A tenant may have 500 policies, and both sides make them in one. */
const SETTINGS = 220;

/** Measures on a PostgreSQL of its own that waits for the disk, as in production. */
export async function measureAudit({ seconds, say }: { seconds: number; say: Say }): Promise<AuditCosts> {
  const { server, stop } = await startTestServer();
  process.env['RUNTIMEAI_TEST_POSTGRES'] = JSON.stringify(server);
  await withClient(server.superuserUrl, async client => {
    await client.query('alter system reset fsync');
    await client.query('select pg_reload_conf()');
  });
  const fresh = await freshDatabase();
  const token = await furnish(fresh.ownerUrl);
  const database = await openDatabase(fresh.appUrl);
  try {
    return {
      writes: await measureWrites(database, { token, say }),
      sealing: await measureSealing(database, { record: auditRecord(ABOUT_A_DEPLOY), seconds, say }),
    };
  } finally {
    await database.close();
    await stop();
  }
}

/** Holds them against the bars of the design. */
export function auditBars({ writes, sealing }: AuditCosts): Bar[] {
  const { sealedPerSecond, backlog } = sealing;
  return [
    ...writes.map(writeBar),
    {
      subject: `audit records sealed per second, while ${WRITERS} write`,
      ours: `${sealedPerSecond.toFixed(0)}, ${backlog} waiting at first`,
      beside: '–',
      measured: sealedPerSecond,
      limit: 500,
      unit: '',
      atMost: false,
    },
  ];
}

function writeBar({ what, withMs, withoutMs }: AuditedWrite): Bar {
  const [audited, bare] = [median(withMs), median(withoutMs)];
  return {
    subject: `${what}, with its audit record, p50`,
    ours: `${audited.toFixed(2)} ms`,
    beside: `${bare.toFixed(2)} ms without`,
    measured: audited / bare,
    limit: 1.15,
    unit: 'x',
    atMost: true,
  };
}

async function furnish(ownerUrl: string): Promise<string> {
  const owner = openAsOwner(ownerUrl);
  try {
    await createTenant(owner, { tenantId: 'acme', policies: [STARTER_POLICIES.sample] });
    const admin = { tenantId: 'acme', installation: 'bench', name: 'Ada', roles: ['super_admin'] as const };
    return (await createApiKey(owner, { ...admin, roles: [...admin.roles] })).token;
  } finally {
    await owner.close();
  }
}

async function measureWrites(
  database: Database,
  { token, say }: { token: string; say: Say },
): Promise<AuditedWrite[]> {
  const writes: AuditedWrite[] = [];
  const measured = (more: readonly AuditedWrite[]) => {
    writes.push(...more);
    for (const { what, withMs, withoutMs } of more)
      say(
        `${what}: ${median(withMs).toFixed(2)} ms with its audit record, ${median(withoutMs).toFixed(2)} ms without`,
      );
  };
  measured([await measureStatement(database, STATEMENTS)]);
  measured([await measureAdmission(database, ADMISSIONS)]);
  measured(await measureSettings(database, { token, times: SETTINGS }));
  return writes;
}
