import { Agent, request } from 'node:http';
import { Registry } from 'prom-client';
import { openChanges } from '../../db/changes.ts';
import type { Database } from '../../db/database.ts';
import { createLog } from '../../process/log.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import { type AuditedWrite, inTurns, type Write } from './audit-writes.ts';
import { importUnaudited } from './unaudited/importing.ts';

/** Nothing listens here: settings need no Temporal. */
const NOWHERE = '127.0.0.1:1';

/** Settings made over HTTP, by one API that audits and one that does not, over one database. */
export async function measureSettings(
  database: Database,
  { token, times }: { token: string; times: number },
): Promise<readonly AuditedWrite[]> {
  const changes = openChanges(database.url);
  const listening = async (app: typeof import('../../api/app.ts')) => {
    const api = await app.createApp({
      database,
      changes,
      temporal: createTemporalClient({ address: NOWHERE, namespace: 'default' }),
      log: createLog('bench', 'error'),
      registry: new Registry(),
      factsMaxAgeSeconds: 15,
    });
    await api.listen(0, '127.0.0.1');
    return { api, port: Number(new URL(await api.getUrl()).port) };
  };
  const audited = await listening(await import('../../api/app.ts'));
  const unaudited = await listening(
    (await importUnaudited('api/app.js')) as typeof import('../../api/app.ts'),
  );
  const sides = { audited, unaudited };
  const client = new Agent({ keepAlive: true, maxSockets: 1 });
  const posting = (path: string, bodyOf: (name: string) => object) => {
    const to = (side: keyof typeof sides): Write => {
      return turn => post(client, { port: sides[side].port, path, token, body: bodyOf(`${side}-${turn}`) });
    };
    return inTurns(`POST ${path}`, { times, audited: to('audited'), unaudited: to('unaudited') });
  };
  try {
    return [
      await posting('/v1/policies', name => ({ name, rules: [{ kind: 'allow_action', selector: {} }] })),
      await posting('/v1/projects', name => ({ name })),
    ];
  } finally {
    client.destroy();
    for (const { api } of [audited, unaudited]) await api.close();
    await changes.close();
  }
}

interface Posted {
  readonly port: number;
  readonly path: string;
  readonly token: string;
  readonly body: object;
}

function post(agent: Agent, { port, path, token, body }: Posted): Promise<void> {
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, answer => {
      const chunks: Buffer[] = [];
      answer.on('data', chunk => chunks.push(chunk));
      answer.on('end', () => {
        if (answer.statusCode === 201) return resolve();
        reject(new Error(`POST ${path} was answered ${answer.statusCode}: ${Buffer.concat(chunks)}`));
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
