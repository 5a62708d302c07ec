import { migrate } from '../../db/migrate.ts';
import type { LabContext } from '../../lab/context.ts';
import { releasePorts } from '../../lab/ports.ts';
import { type DatabaseUrls, startPostgres } from '../../lab/postgres.ts';
import { startTemporal } from '../../lab/temporal.ts';
import { throwAway, throwAwayLab } from './throw-away-lab.ts';

/** A part that can be stopped, and started again on the data and the port it had. */
export interface StoppablePart {
  stop(): Promise<void>;
  startAgain(): Promise<void>;
}

/** A PostgreSQL server of one test file, with the schema in it. */
export interface OwnPostgres extends StoppablePart {
  readonly urls: DatabaseUrls;
  remove(): Promise<void>;
}

/** Starts a PostgreSQL server that nobody else uses. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const context = await throwAwayLab();
  const urls = await startPostgres(context);
  await migrate(urls.ownerUrl);
  return {
    urls,
    ...stoppable(context, 'postgres', startPostgres),
    remove: () => throwAway(context),
  };
}

/** A hand on the Temporal of a system. */
export function temporalOf(context: LabContext): StoppablePart {
  return stoppable(context, 'temporal', startTemporal);
}

function stoppable(
  context: LabContext,
  name: string,
  start: (context: LabContext) => Promise<unknown>,
): StoppablePart {
  return {
    stop: async () => {
      const index = context.processes.findIndex(process => process.name === name);
      const [running] = context.processes.splice(index, 1);
      if (index === -1 || !running) throw new Error(`${name} does not run`);
      await running.stop();
    },
    startAgain: async () => {
      releasePorts(context.state);
      await start(context);
    },
  };
}
