import {
  allHandlersFinished,
  condition,
  defineUpdate,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';

export interface RawActivities {
  insertRow(id: string): Promise<void>;
}

export const startUpdate = defineUpdate<string, [string]>('start');

const { insertRow } = proxyLocalActivities<RawActivities>({ startToCloseTimeout: '10s' });

/** The least that accepts a command durably: one Update whose handler runs one local activity. */
export async function rawStart(): Promise<void> {
  let done = false;
  setHandler(startUpdate, async id => {
    await insertRow(id);
    done = true;
    return id;
  });
  await condition(() => done && allHandlersFinished());
}
