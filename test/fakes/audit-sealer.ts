import { Registry } from 'prom-client';
import { keyName } from '../../audit/checkpoint.ts';
import { noteSigner } from '../../audit/note.ts';
import { createAnnounced } from '../../db/announced.ts';
import { openDatabase } from '../../db/database.ts';
import { createLog } from '../../process/log.ts';
import { openAnchor } from '../../workers/audit-anchor.ts';
import { startAuditSealer } from '../../workers/audit-sealer.ts';

/** A process that seals until it is killed: database address, key as PEM, folder of the anchor. */
const [url = '', pem = '', folder = ''] = process.argv.slice(2);
startAuditSealer({
  database: await openDatabase(url),
  announced: createAnnounced(),
  log: createLog('sealer', 'error'),
  registry: new Registry(),
  signer: noteSigner(keyName('dev'), pem),
  anchor: openAnchor(folder),
  batch: 5,
  gatherMs: 1,
  sweepMs: 1,
});
