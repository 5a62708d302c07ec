import { setTimeout as delay } from 'node:timers/promises';
import type { Prerequisites, RuntimeAdapter } from '../adapters/adapter.ts';
import type { AdapterLog } from '../adapters/tools.ts';
import type { Database } from '../db/database.ts';
import { type CheckedKind, saveRuntimeKinds } from '../db/runtime-kinds.ts';

/** The regular look at whether the cluster has what each adapter needs. */
export interface KindChecks {
  stop(): Promise<void>;
}

interface Checking {
  readonly adapters: readonly RuntimeAdapter[];
  readonly database: Pick<Database, 'global'>;
  readonly log: AdapterLog;
  /** Default 30. */
  readonly everySeconds?: number;
  /** How long one adapter may take to answer; default 20. */
  readonly answerWithinSeconds?: number;
}

/** Writes down what each adapter is and misses, at once and then regularly. Neither a check nor the database can end it. */
export function startKindChecks(checking: Checking): KindChecks {
  const stopping = new AbortController();
  const told = new Map<string, string>();
  const running = checkAgainAndAgain(checking, { told, signal: stopping.signal });
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function checkAgainAndAgain(
  checking: Checking,
  { told, signal }: { told: Map<string, string>; signal: AbortSignal },
): Promise<void> {
  const { everySeconds = 30, database, log } = checking;
  while (!signal.aborted) {
    const kinds = await Promise.all(checking.adapters.map(adapter => checkKind(adapter, checking)));
    for (const kind of kinds) tellChange(kind, { told, log });
    await saveRuntimeKinds(database.global, kinds).catch((error: unknown) =>
      log.warn({ err: error }, 'The kinds of runtimes could not be written down; trying again'),
    );
    // The delay ends with the signal, which is how it is meant to end.
    await delay(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

async function checkKind(
  adapter: RuntimeAdapter,
  { answerWithinSeconds = 20 }: Checking,
): Promise<CheckedKind> {
  const { name, type, backend, capabilities, podSecurity } = adapter;
  const { missing, limits = {} } = await answerOf(adapter, answerWithinSeconds);
  return { name, type, backend, capabilities, podSecurity, missing, limits };
}

/** A check that fails says nothing good about the kind: it counts as missing, with the reason. */
async function answerOf(adapter: RuntimeAdapter, seconds: number): Promise<Prerequisites> {
  const giveUp = new AbortController();
  const late = delay(seconds * 1000, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`no answer within ${seconds} s`);
  });
  try {
    return await Promise.race([adapter.prerequisites(), late]);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const what = `an answer to whether the cluster has what ${adapter.name} needs: ${words}`;
    return { missing: [{ what, install: 'Nothing to install: it is asked again by itself.' }] };
  } finally {
    late.catch(() => undefined);
    giveUp.abort();
  }
}

function tellChange(
  { name, type, missing }: CheckedKind,
  { told, log }: { told: Map<string, string>; log: Checking['log'] },
): void {
  const words = missing.map(({ what, install }) => `${what} (${install})`).join('; ');
  if (told.get(name) === words) return;
  told.set(name, words);
  if (words === '') log.info({ adapter: name, type }, `${type} runtimes can be made by ${name}`);
  else log.warn({ adapter: name, type }, `${type} runtimes cannot be made by ${name}; missing: ${words}`);
}
