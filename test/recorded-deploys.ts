import {
  type ClearanceActivities,
  createClearanceActivities,
  type OpenedApproval,
} from '../activities/clearance.ts';
import { createPeopleActivities, type PeopleActivities } from '../activities/people-records.ts';
import { createRecordActivities, type OutcomeRecord, type RecordActivities } from '../activities/records.ts';
import { listEvents } from '../db/events.ts';
import { findRuntime } from '../db/runtimes.ts';
import type { Admission } from '../domain/deployment.ts';
import { newId } from '../domain/ids.ts';
import { firstDeploy, type TwoTenants } from './tenants.ts';

export type Deploy = ReturnType<typeof firstDeploy>;

export const QUOTA = { cpu: 16, memoryMiB: 32_768, pods: 50, storageGiB: 100 };

/** The key of one step of a deploy's record. */
export const keyOf = ({ tenantId, runtimeId, operationId, deploymentId }: Deploy, step: number) => ({
  tenantId,
  runtimeId,
  operationId,
  deploymentId,
  step,
});

/** Deploys as the workflow would record them, in the database of a test, and what tenant acme then reads. */
export class RecordedDeploys {
  readonly records: RecordActivities;
  readonly clearance: ClearanceActivities;
  readonly people: PeopleActivities;
  private readonly two: TwoTenants;

  constructor(two: TwoTenants) {
    this.two = two;
    this.records = createRecordActivities({ db: two.db, governance: {}, defaultQuota: QUOTA });
    this.clearance = createClearanceActivities({ db: two.db });
    this.people = createPeopleActivities({ db: two.db });
  }

  async admitted(input: Deploy): Promise<Extract<Admission, { admitted: true }>> {
    const answer = await this.records.admitDeployment(input);
    if (!answer.admitted) throw new Error(`Not admitted: ${answer.reason}`);
    return answer;
  }

  /** Admitted, planned and shown to people as step 1 of its records; answers the approval that is waited for. */
  async awaiting(input: Deploy): Promise<OpenedApproval> {
    const { target, policy } = await this.admitted(input);
    const message = policy.reason;
    return this.clearance.openApproval({
      ...keyOf(input, 1),
      target,
      policy,
      message,
      requester: input.requester,
    });
  }

  async refused(input: Deploy, by = this.records): Promise<Extract<Admission, { admitted: false }>> {
    const answer = await by.admitDeployment(input);
    if (answer.admitted) throw new Error('Admitted, against all expectation.');
    return answer;
  }

  /** Ends a deploy; without more words it succeeded and revision 1 is verified. */
  async ended(deploy: Deploy, outcome: Partial<OutcomeRecord> = {}): Promise<void> {
    const success = {
      outcome: 'succeeded',
      message: 'Done',
      revision: 1,
      verified: true,
      leaves: 'new',
    } as const;
    await this.records.recordOutcome({ ...keyOf(deploy, 99), ...success, ...outcome });
  }

  /** A first deploy that succeeded and is verified as revision 1. */
  async installed(changes: Parameters<typeof firstDeploy>[0] = {}): Promise<Deploy> {
    const deploy = firstDeploy({ name: `agent-${newId('event').slice(-12)}`, ...changes });
    await this.admitted(deploy);
    await this.ended(deploy);
    return deploy;
  }

  async runtimeOf({ runtimeId }: Deploy) {
    const runtime = await findRuntime(this.two.db.forTenant('acme'), { runtimeId, maxAgeSeconds: 15 });
    if (!runtime) throw new Error(`No runtime ${runtimeId}`);
    return runtime;
  }

  eventsOf({ runtimeId }: Deploy) {
    return listEvents(this.two.db.forTenant('acme'), { runtimeId, limit: 100 });
  }
}
