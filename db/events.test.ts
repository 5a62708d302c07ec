import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordActivities } from '../activities/records.ts';
import { firstDeploy, type TwoTenants, twoTenants } from '../test/tenants.ts';
import { openDatabase } from './database.ts';
import { appendEvent, keptEvents, listEvents } from './events.ts';

let two: TwoTenants;
beforeAll(async () => {
  two = await twoTenants();
});
afterAll(() => two.close());

const acme = () => two.db.forTenant('acme');
const tick = { type: 'test.tick', severity: 'info', actor: 'system', message: 'tick' } as const;

async function runtime(name: string): Promise<string> {
  const defaultQuota = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };
  const deploy = firstDeploy({ name });
  await createRecordActivities({ db: two.db, governance: {}, defaultQuota }).admitDeployment(deploy);
  return deploy.runtimeId;
}

describe('appendEvent', () => {
  test('numbers without gaps while four processes write and some of them fail', async () => {
    const runtimeId = await runtime('written-by-four');
    const writers = await Promise.all(
      [1, 2, 3, 4].map(() => openDatabase(two.database.appUrl, { maxConnections: 3 })),
    );
    const write = (index: number) => {
      const writer = writers[index % 4];
      return writer?.inTenant('acme', async db => {
        await appendEvent(db, { ...tick, runtimeId });
        if (index % 5 === 0) throw new Error('on purpose');
      });
    };
    const ends = await Promise.allSettled(Array.from({ length: 100 }, (_, index) => write(index)));
    expect(ends.filter(end => end.status === 'rejected')).toHaveLength(20);
    const sequences = (await listEvents(acme(), { runtimeId, limit: 500 })).map(event => event.sequence);
    expect(sequences).toEqual(Array.from({ length: 81 }, (_, index) => index + 1));
    for (const writer of writers) await writer.close();
  });

  test('numbers each runtime on its own', async () => {
    const [one, other] = [await runtime('counts-alone'), await runtime('counts-alone-too')];
    expect(await appendEvent(acme(), { ...tick, runtimeId: one })).toBe(2);
    expect(await appendEvent(acme(), { ...tick, runtimeId: other })).toBe(2);
  });

  test('writes nothing for a runtime that is not there or is another tenant’s', async () => {
    const runtimeId = await runtime('not-yours');
    expect(await appendEvent(two.db.forTenant('globex'), { ...tick, runtimeId })).toBeUndefined();
    expect(await keptEvents(acme(), runtimeId)).toEqual({ oldest: 1, newest: 1 });
  });

  test('refuses the same step of an operation a second time', async () => {
    const runtimeId = await runtime('one-step');
    const step = { ...tick, runtimeId, operationId: 'op_x', step: 1 };
    await appendEvent(acme(), step);
    await expect(appendEvent(acme(), step)).rejects.toThrow('duplicate key');
    expect(await keptEvents(acme(), runtimeId)).toEqual({ oldest: 1, newest: 2 });
  });
});

describe('listEvents', () => {
  test('goes on after a number and not before a time', async () => {
    const runtimeId = await runtime('listed');
    for (let count = 0; count < 4; count += 1)
      await appendEvent(acme(), { ...tick, runtimeId, data: { count } });
    const after = await listEvents(acme(), { runtimeId, afterSequence: 2, limit: 2 });
    expect(after.map(event => event.sequence)).toEqual([3, 4]);
    expect(after[0]).toMatchObject({ ...tick, data: { count: 1 }, principal: null, operation_id: null });
    const from = after[1]?.ts ?? '';
    const since = await listEvents(acme(), { runtimeId, since: new Date(from), limit: 10 });
    // Events of the same millisecond are not told apart by their time.
    expect(since.map(event => event.sequence)).toEqual(expect.arrayContaining([4, 5]));
    expect(since.every(event => event.ts >= from)).toBe(true);
    expect(await listEvents(acme(), { runtimeId, since: new Date(Date.now() + 60_000), limit: 10 })).toEqual(
      [],
    );
  });

  test('knows nothing of a runtime without events', async () => {
    expect(await keptEvents(acme(), 'rt_none')).toBeUndefined();
  });
});
