import type { Client } from '@temporalio/client';
import type { Operation } from '../../domain/operation.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import type { System } from './system.ts';

/** All that Temporal keeps of the operations’ workflows, with every payload in clear. */
export function historiesOf(
  system: Pick<System, 'temporal'>,
  operations: readonly Operation[],
): Promise<string> {
  return withClient(system, async client => {
    const texts = operations.map(async ({ workflow }) => {
      const handle = client.workflow.getHandle(workflow.workflow_id, workflow.run_id);
      const [history, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      return inClear([history, description.raw]);
    });
    return (await Promise.all(texts)).join('\n');
  });
}

/** How many workflows have not ended. */
export function runningWorkflows(system: Pick<System, 'temporal'>): Promise<number> {
  return withClient(system, async client => {
    const { count } = await client.workflow.count('ExecutionStatus="Running"');
    return count;
  });
}

async function withClient<T>(
  { temporal }: Pick<System, 'temporal'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createTemporalClient(temporal);
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** Every text in a structure, bytes read as text. */
function inClear(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name}: ${inClear(inner)}`)
    .join('\n');
}
