import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { gate } from '../fakes/activities.ts';
import { type Deploy, refusalOf } from './deploy.ts';
import { developer, needsApproval, refusal } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

describe('a message to a deploy', () => {
  it('leaves nothing in the history when it is refused', async () => {
    const deploy = plane.prepare(needsApproval());
    await deploy.start();
    const approvalId = 'apr_1';
    await deploy.until('awaiting_approval');
    const before = await eventTypesOf(deploy, 'UPDATE');

    await refusalOf(deploy.decide({ approvalId, by: developer }));
    await refusalOf(deploy.resolve('retry'));

    expect(await eventTypesOf(deploy, 'UPDATE')).toEqual(before);
  });

  it('is answered in our words although it comes before admission has answered', async () => {
    const deploy = plane.prepare(needsApproval());
    const database = gate();
    deploy.world.always('admitDeployment', database.waits);
    const starting = deploy.start({ workflowTaskTimeout: '2s' });
    await deploy.untilCalled('admitDeployment');

    expect(await refusalOf(deploy.decide({ approvalId: 'apr_early' }))).toMatchObject({
      code: 'not_awaiting_approval',
    });
    database.open();
    await starting;
  });

  it('that is refused by admission ends the run, and does not wedge it', async () => {
    const deploy = plane.prepare(refusal('quota_exceeded', 'too many pods'));
    await refusalOf(deploy.start());

    expect((await deploy.result()).outcome).toBe('rejected');
    expect(await eventTypesOf(deploy, 'WORKFLOW_TASK_FAILED')).toEqual([]);
  });
});

describe('the source of the workflows', () => {
  const root = fileURLToPath(new URL('../../workflows/', import.meta.url));
  const files = globSync('**/*.ts', { cwd: root }).filter(file => !file.endsWith('.test.ts'));
  const lines = files.flatMap(file =>
    readFileSync(root + file, 'utf8')
      .split('\n')
      .map(line => `${file}: ${line.trim()}`),
  );

  it('has no asynchronous validator: its refusal would never be awaited', () => {
    expect(lines.filter(line => /validator:\s*async|async mustBe/.test(line))).toEqual([]);
    expect(lines.filter(line => /validator:/.test(line)).length).toBeGreaterThan(2);
  });

  it('throws no plain error, on which Temporal would try the same task for ever', () => {
    expect(lines.filter(line => /throw new Error\(/.test(line))).toEqual([]);
  });
});

const EVENT_TYPES: Readonly<Record<number, string>> = {
  9: 'WORKFLOW_TASK_FAILED',
  41: 'UPDATE_ACCEPTED',
  42: 'UPDATE_REJECTED',
  43: 'UPDATE_COMPLETED',
};

async function eventTypesOf(deploy: Deploy, like: string): Promise<string[]> {
  const { events } = await deploy.handle().fetchHistory();
  const types = (events ?? []).map(event => EVENT_TYPES[event.eventType ?? 0] ?? 'OTHER');
  return types.filter(type => type.startsWith(like));
}
