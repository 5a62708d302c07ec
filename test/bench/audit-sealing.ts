import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { keyName } from '../../audit/checkpoint.ts';
import { noteSigner } from '../../audit/note.ts';
import { createAnnounced } from '../../db/announced.ts';
import { appendAudit } from '../../db/audit.ts';
import type { Database } from '../../db/database.ts';
import type { NewAuditRecord } from '../../domain/audit.ts';
import { createLog } from '../../process/log.ts';
import { openAnchor } from '../../workers/audit-anchor.ts';
import { startAuditSealer } from '../../workers/audit-sealer.ts';

/** How fast the audit is sealed while it is written. */
export interface SealingRate {
  /** Records written meanwhile, all of them sealed in the end; all writers wrote as fast as they could. */
  readonly written: number;
  /** How many of them waited when sealing began. */
  readonly backlog: number;
  readonly sealedPerSecond: number;
}

export const WRITERS = 6;

/** Writers that never rest: alone for half the time, then with a sealer that has to catch up with them. */
export async function measureSealing(
  database: Database,
  { record, seconds, say }: { record: NewAuditRecord; seconds: number; say: (line: string) => void },
): Promise<SealingRate> {
  say(`${seconds} s of writing, the second half with sealing`);
  const folder = mkdtempSync(join(tmpdir(), 'runtimeai-bench-anchor-'));
  const db = database.forTenant('acme');
  const until = performance.now() + seconds * 1000;
  const before = await unsealed(database);
  let written = before;
  const writer = async () => {
    for (; performance.now() < until; written += 1) await appendAudit(db, record);
  };
  const writers = Promise.all(Array.from({ length: WRITERS }, writer));
  await later(seconds * 500);
  const backlog = written;
  const started = performance.now();
  const sealer = startSealer(database, folder);
  await writers;
  while ((await unsealed(database)) > 0) await later(20);
  const sealedPerSecond = written / ((performance.now() - started) / 1000);
  await sealer.stop();
  rmSync(folder, { recursive: true, force: true });
  return { written: written - before, backlog, sealedPerSecond };
}

function startSealer(database: Database, folder: string) {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return startAuditSealer({
    database,
    announced: createAnnounced(),
    log: createLog('bench', 'error'),
    registry: new Registry(),
    signer: noteSigner(keyName('bench'), pem),
    anchor: openAnchor(folder),
    gatherMs: 100,
    sweepMs: 100,
  });
}

async function unsealed(database: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select ((select count(*) from audit_records) - (select count(*) from audit_leaves))::float8 as count
  `.execute(database.forTenant('acme'));
  return rows[0]?.count ?? 0;
}
