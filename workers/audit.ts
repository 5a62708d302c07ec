import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { keyName } from '../audit/checkpoint.ts';
import { type NoteSigner, noteSigner, readVerifier } from '../audit/note.ts';
import { openChanges } from '../db/changes.ts';
import type { Database } from '../db/database.ts';
import type { Settings } from '../process/config.ts';
import type { Log } from '../process/log.ts';
import { openAnchor } from './audit-anchor.ts';
import { type AuditSealer, startAuditSealer } from './audit-sealer.ts';

interface AuditParts {
  readonly settings: Settings;
  readonly database: Database;
  readonly log: Log;
  readonly registry: Registry;
}

/** Begins to seal the audit as the settings say; without a key it says so and seals nothing. */
export async function startAudit({ settings, database, log, registry }: AuditParts): Promise<AuditSealer> {
  const { RUNTIMEAI_AUDIT_KEY_FILE: keyFile, RUNTIMEAI_AUDIT_ANCHOR: anchor } = settings;
  if (keyFile === undefined) {
    log.warn(
      'RUNTIMEAI_AUDIT_KEY_FILE is not set: audit records are written, but not sealed by this process',
    );
    return { stop: async () => undefined };
  }
  if (anchor === undefined)
    log.warn(
      'RUNTIMEAI_AUDIT_ANCHOR is not set: checkpoints stay in the database, and a database that was rewritten cannot be told',
    );
  const signer = await readSigner(keyFile, settings.RUNTIMEAI_INSTALLATION);
  const formerKeys = settings.RUNTIMEAI_AUDIT_FORMER_KEYS.map(readVerifier);
  const changes = openChanges(database.url, { log });
  const sealer = startAuditSealer({
    database,
    announced: changes.announced,
    log,
    registry,
    signer,
    formerKeys,
    anchor: anchor === undefined ? undefined : openAnchor(anchor),
  });
  return {
    stop: async () => {
      await sealer.stop();
      await changes.close();
    },
  };
}

async function readSigner(keyFile: string, installation: string): Promise<NoteSigner> {
  try {
    return noteSigner(keyName(installation), await readFile(keyFile, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The key of the audit could not be read from ${keyFile}: ${why}. Make one with npm run admin -- audit key, ` +
        'and name its file in RUNTIMEAI_AUDIT_KEY_FILE.',
      { cause: error },
    );
  }
}
