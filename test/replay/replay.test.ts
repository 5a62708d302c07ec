import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { Outcome } from '../../domain/operation.ts';
import { quietRuntime } from '../temporal-server.ts';
import { bundleForTests } from '../workflows/bundle.ts';
import { readHistory, type SavedHistory, savedHistories } from './histories.ts';
import { SCENARIOS, SCENARIOS_BY_HISTORY } from './scenarios.ts';

let code: string;

beforeAll(async () => {
  quietRuntime();
  code = await bundleForTests();
});

describe('what was begun by an earlier release', () => {
  it.each(Object.entries(SCENARIOS_BY_HISTORY))('is carried on by this one: %s', async (name, { ends }) => {
    const history = readHistory(name);

    await replay(history);

    expect(outcomeIn(history)).toBe(ends);
  });
});

describe('the saved histories', () => {
  it.each(Object.entries(SCENARIOS))(
    'are there for every outcome %s can have, and for one that still waits',
    (_, scenarios) => {
      const ends = Object.values(scenarios).map(scenario => scenario.ends);
      expect(new Set(ends)).toEqual(new Set([...Outcome.options, 'open']));
    },
  );

  it('are exactly those of the scenarios', () => {
    expect(savedHistories().toSorted()).toEqual(Object.keys(SCENARIOS_BY_HISTORY).toSorted());
  });

  it('name no file of the machine that recorded them', () => {
    for (const name of savedHistories())
      expect(JSON.stringify(readHistory(name))).not.toMatch(/\.(ts|js):\d+/);
  });
});

describe('the replay', () => {
  it.each([
    ['deploy-runtime.succeeded', 'planRelease'],
    ['change-runtime.succeeded', 'planStep'],
  ])('notices when a step of %s is no longer the one that was recorded', async (name, activity) => {
    const history = structuredClone(readHistory(name));
    for (const { activityTaskScheduledEventAttributes: scheduled } of history.events) {
      if (scheduled?.activityType.name === activity) scheduled.activityType.name = 'guessed';
    }

    await expect(replay(history)).rejects.toThrow(/guessed/);
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
