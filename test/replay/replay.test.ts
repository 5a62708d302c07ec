import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { Outcome } from '../../domain/operation.ts';
import { quietRuntime } from '../temporal-server.ts';
import { bundleForTests } from '../workflows/bundle.ts';
import { readHistory, type SavedHistory, savedHistories } from './histories.ts';
import { SCENARIOS } from './scenarios.ts';

let code: string;

beforeAll(async () => {
  quietRuntime();
  code = await bundleForTests();
});

describe('a deploy that was begun by an earlier release', () => {
  it.each(Object.entries(SCENARIOS))('is carried on by this one: %s', async (name, { ends }) => {
    const history = readHistory(name);

    await replay(history);

    expect(outcomeIn(history)).toBe(ends);
  });
});

describe('the saved histories', () => {
  it('are there for every outcome a deploy can have, and for one that still waits', () => {
    const ends = Object.values(SCENARIOS).map(scenario => scenario.ends);
    expect(new Set(ends)).toEqual(new Set([...Outcome.options, 'open']));
  });

  it('are exactly those of the scenarios', () => {
    expect(savedHistories().toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
  });

  it('name no file of the machine that recorded them', () => {
    for (const name of savedHistories())
      expect(JSON.stringify(readHistory(name))).not.toMatch(/\.(ts|js):\d+/);
  });
});

describe('the replay', () => {
  it('notices when a step is no longer the one that was recorded', async () => {
    const history = structuredClone(readHistory('succeeded'));
    for (const { activityTaskScheduledEventAttributes: scheduled } of history.events) {
      if (scheduled?.activityType.name === 'planRelease') scheduled.activityType.name = 'guessRelease';
    }

    await expect(replay(history)).rejects.toThrow(/guessRelease/);
  });
});

async function replay(history: SavedHistory): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: { code } }, history);
}

function outcomeIn({ events }: SavedHistory): string {
  const result = events.at(-1)?.workflowExecutionCompletedEventAttributes?.result;
  if (!result) return 'open';
  return JSON.parse(Buffer.from(result.payloads[0]?.data ?? '', 'base64').toString()).outcome;
}
