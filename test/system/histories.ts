import type { Operation } from '../../domain/operation.ts';
import { createTemporalClient } from '../../temporal/client.ts';
import type { System } from './system.ts';

/** All that Temporal keeps of the operations’ workflows, with every payload in clear. */
export async function historiesOf(
  { temporal }: Pick<System, 'temporal'>,
  operations: readonly Operation[],
): Promise<string> {
  const client = createTemporalClient(temporal);
  try {
    const texts = operations.map(async ({ workflow }) => {
      const handle = client.workflow.getHandle(workflow.workflow_id, workflow.run_id);
      const [history, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      return inClear([history, description.raw]);
    });
    return (await Promise.all(texts)).join('\n');
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
