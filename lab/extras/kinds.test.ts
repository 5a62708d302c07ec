import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Progress } from '../progress.ts';
import { startEach } from './kinds.ts';

test('a part that fails is reported with its reason, and the others are started all the same', async () => {
  const reports: Progress[] = [];
  const started: string[] = [];
  const troubles = await startEach(
    { report: progress => reports.push(progress), signal: new AbortController().signal },
    {
      volumes: async () => {
        throw new Error('the disk is full');
      },
      vcluster: async () => {
        await delay(5);
        started.push('vcluster');
      },
    },
  );
  expect(started).toEqual(['vcluster']);
  expect(troubles).toEqual([{ part: 'volumes', why: 'the disk is full' }]);
  expect(reports).toEqual([
    expect.objectContaining({
      part: 'volumes',
      state: 'failed',
      detail: expect.stringMatching(/disk is full/),
    }),
  ]);
});

test('called off in the middle it waits for each part to let go, and calls none of them failed', async () => {
  const reports: Progress[] = [];
  const calledOff = new AbortController();
  let letGo = false;
  const starting = startEach(
    { report: progress => reports.push(progress), signal: calledOff.signal },
    {
      'agent-sandbox': async () => {
        await new Promise(resolve => calledOff.signal.addEventListener('abort', resolve));
        await delay(20);
        letGo = true;
        throw calledOff.signal.reason;
      },
    },
  );
  calledOff.abort(new Error('stopped by SIGINT'));
  expect(await starting).toEqual([]);
  expect(letGo).toBe(true);
  expect(reports).toEqual([]);
});
