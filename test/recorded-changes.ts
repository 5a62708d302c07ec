import { type ChangeRecordActivities, createChangeRecordActivities } from '../activities/change-records.ts';
import { saveRuntimeKinds } from '../db/runtime-kinds.ts';
import type {
  AcceptedChange,
  ChangeAdmission,
  ChangeRuntimeInput,
  Order,
} from '../domain/change-operation.ts';
import { newId } from '../domain/ids.ts';
import { QUOTA } from './recorded-deploys.ts';
import type { TwoTenants } from './tenants.ts';

export type ChangeAsked = ChangeRuntimeInput & { readonly workflowId: string; readonly runId: string };
/** The kinds a test may use: agents and sandboxes can be made here, VMs not for lack of their definitions. */
const KINDS = [
  {
    name: 'agent-runtime',
    type: 'agent_runtime',
    backend: 'k8s_backend',
    podSecurity: 'restricted',
    capabilities: ['deploy', 'rollback', 'start', 'stop', 'restart', 'scale'],
    missing: [],
  },
  {
    name: 'sandbox',
    type: 'sandbox',
    backend: 'k8s_backend',
    podSecurity: 'restricted',
    capabilities: [
      'start',
      'stop',
      'restart',
      'scale',
      'snapshot',
      'restore',
      'attach_observer',
      'detach_observer',
    ],
    missing: [],
  },
  {
    name: 'vm',
    type: 'vm',
    backend: 'vm_backend',
    podSecurity: 'privileged',
    capabilities: ['start', 'stop', 'migrate'],
    missing: [{ what: 'CustomResourceDefinition virtualmachines.kubevirt.io', install: 'install KubeVirt' }],
  },
] as const;

/** Changes as the workflow would record them, by Ada of globex, who may do everything. */
export class RecordedChanges {
  readonly records: ChangeRecordActivities;
  private readonly two: TwoTenants;

  private constructor(two: TwoTenants) {
    this.two = two;
    this.records = createChangeRecordActivities({
      db: two.db,
      defaultQuota: QUOTA,
      stepTimeoutSeconds: 60,
      intentSoakSeconds: 5,
      maxAgeSeconds: 15,
    });
  }

  static async of(two: TwoTenants): Promise<RecordedChanges> {
    await saveRuntimeKinds(two.db.global, KINDS);
    return new RecordedChanges(two);
  }

  /** A request to change this runtime. */
  asked(wishes: readonly Order['wish'][], changes: Partial<ChangeAsked> = {}): ChangeAsked {
    const runtimeId = changes.runtimeId ?? newId('runtime');
    return {
      operationId: newId('operation'),
      runtimeId,
      tenantId: 'globex',
      requester: { id: 'prn_ada', name: 'Ada', kind: 'human' },
      kind: 'actions',
      orders: wishes.map(wish => ({ action: null, wish })),
      workflowId: `runtime/${runtimeId}`,
      runId: 'run-1',
      ...changes,
    };
  }

  /** A request for a new sandbox. */
  creation(
    changes: Partial<NonNullable<ChangeAsked['create']>> = {},
    more: Partial<ChangeAsked> = {},
  ): ChangeAsked {
    const name = `box-${newId('event').slice(-12)}`;
    const create = {
      name,
      type: 'sandbox',
      project: 'default',
      environment: 'development',
      labels: {},
      spec: { size: 'small' },
    } as const;
    return this.asked([{ verb: 'create' }], { kind: 'create', create: { ...create, ...changes }, ...more });
  }

  async admitted(asked: ChangeAsked): Promise<AcceptedChange> {
    const answer = await this.records.admitChange(asked);
    if (!answer.admitted) throw new Error(`Not admitted: ${answer.reason}`);
    return answer;
  }

  async refused(asked: ChangeAsked): Promise<Extract<ChangeAdmission, { admitted: false }>> {
    const answer = await this.records.admitChange(asked);
    if (answer.admitted) throw new Error('Admitted, against all expectation.');
    return answer;
  }

  /** Carries every admitted step out in the records alone, and ends the operation. */
  async done(
    asked: ChangeAsked,
    { steps, target }: AcceptedChange,
    more: { revision?: number } = {},
  ): Promise<void> {
    const { tenantId, runtimeId, operationId } = asked;
    const key = { tenantId, runtimeId, operationId };
    const noteOf = (index: number) => ({
      kind: asked.kind,
      subject: `lifecycle.${steps[index]?.change.verb}`,
      verb: steps[index]?.change.verb ?? 'restart',
      type: target.type,
      by: asked.requester.name,
      steps: steps.map(step => ({
        action: step.action,
        verb: step.change.verb,
        status: 'succeeded' as const,
        message: 'done',
        started_at: null,
        finished_at: null,
      })),
    });
    for (const [index, { change, desired }] of steps.entries()) {
      const result =
        change.verb === 'snapshot'
          ? { snapshot: { ref: { name: 's' }, contents: ['its volume'] } }
          : undefined;
      await this.records.recordStepDone({
        ...key,
        step: index + 1,
        message: `${change.verb} is true`,
        done: change,
        desired,
        mark: operationId,
        ...more,
        ...(result && { result }),
        change: noteOf(index),
      });
    }
    await this.records.recordChangeOutcome({
      ...key,
      step: 99,
      outcome: 'succeeded',
      message: 'done',
      change: noteOf(0),
    });
  }

  /** A sandbox that runs. */
  async running(changes: Parameters<RecordedChanges['creation']>[0] = {}): Promise<ChangeAsked> {
    const asked = this.creation(changes);
    await this.done(asked, await this.admitted(asked));
    return asked;
  }

  get sql() {
    return this.two.db.forTenant('globex');
  }
}
