import { describe, expect, it } from 'vitest';
import { answer } from '../fakes/activities.ts';
import type { Deploy } from './deploy.ts';
import { needsApproval, upgrade } from './deploy-input.ts';
import { useControlPlane } from './use-control-plane.ts';

const plane = useControlPlane();

/** What Temporal's Web UI shows, read the way it reads it. */
describe('a person who opens a rolled-back deploy', () => {
  it('reads the story in its details, stage by stage', async () => {
    const deploy = await rolledBack();
    const { currentDetails } = await metadataOf(deploy);

    const story = currentDetails.split('\n').map(line => line.replace(/ \d{4}-\d\d-\d\dT[^ ]+Z:/, ''));
    expect(story).toEqual([
      '- **checking_policy** who asks, what is allowed, what is left of the quota',
      '- **preparing** nothing forbids it',
      '- **applying** 6 to create, 0 to update, 0 to remove, 0 unchanged',
      '- **verifying** revision 5 is in; watching its pods',
      '- **rolling_back** readiness probe /ready answers 503',
      '- **rolled_back** readiness probe /ready answers 503; back on revision 4 (2 of 2 pods ready)',
    ]);
  });

  it('reads what each activity and timer was for', async () => {
    const deploy = await rolledBack();

    expect(await summariesOf(deploy)).toEqual([
      'policy, hold, name, quota',
      'namespace rtai-acme--default, dry run of support-agent',
      'applying: 6 to create, 0 to update, 0 to remove, 0 unchanged',
      'support-agent: 6 to create, 0 to update, 0 to remove, 0 unchanged',
      'verifying: revision 5 is in; watching its pods',
      'support-agent: healthy within 0.3 s, for 0 s',
      'deadline: support-agent: healthy within 0.3 s, for 0 s',
      'keep events and logs before they are gone',
      'rolling_back: readiness probe /ready answers 503',
      'what did this operation leave in support-agent?',
      'support-agent: back to revision 4, the last verified',
      'support-agent: healthy within 0.3 s, for 0 s',
      'deadline: support-agent: healthy within 0.3 s, for 0 s',
      'rolled_back: readiness probe /ready answers 503; back on revision 4 (2 of 2 pods ready)',
    ]);
  });
});

describe('a person who opens a waiting deploy', () => {
  it('reads what it waits for and what can be said to it', async () => {
    const deploy = plane.prepare(needsApproval({ expiresInSeconds: 3600 }));
    await deploy.start();
    await deploy.until('awaiting_approval');

    const { currentDetails, definition } = await metadataOf(deploy);
    expect(currentDetails).toMatch(/\*\*awaiting_approval\*\* .*: upgrades need an approval$/);
    expect(definition.updateDefinitions).toEqual(
      expect.arrayContaining([
        { name: 'decide', description: 'Approve or reject this operation' },
        { name: 'cancel', description: 'Stop this operation; what was changed is put back' },
        { name: 'resolve', description: 'Retry, accept or abandon an operation that needs attention' },
      ]),
    );
    expect(await summariesOf(deploy)).toContain('approval expires after 3600 s');
  });
});

async function rolledBack(): Promise<Deploy> {
  const deploy = plane.prepare(upgrade());
  const reason = 'readiness probe /ready answers 503';
  deploy.world.next('awaitRollout', answer({ status: 'failed', reason, ready_pods: 0, total_pods: 2 }));
  await deploy.start();
  await deploy.result();
  return deploy;
}

interface WorkflowMetadata {
  readonly currentDetails: string;
  readonly definition: { readonly updateDefinitions: { name: string; description?: string }[] };
}

function metadataOf(deploy: Deploy): Promise<WorkflowMetadata> {
  return deploy.handle().query<WorkflowMetadata>('__temporal_workflow_metadata');
}

async function summariesOf(deploy: Deploy): Promise<string[]> {
  const { events } = await deploy.handle().fetchHistory();
  const summaries = (events ?? []).flatMap(event => event.userMetadata?.summary?.data ?? []);
  return summaries.map(data => JSON.parse(Buffer.from(data).toString()));
}
