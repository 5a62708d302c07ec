import { readdirSync, readFileSync } from 'node:fs';
import { fieldsOf, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Operation, Outcome } from '../../domain/operation.ts';
import type { Runtime } from '../../domain/runtime.ts';
import type { Hold, PassingRequest } from '../fakes/request-gate.ts';
import type { Caller, DeployWish } from './caller.ts';
import { eventually } from './eventually.ts';
import type { GatedSystem } from './gated-system.ts';
import type { ReleaseKey } from './releases.ts';
import { rolledOut } from './rollouts.ts';
import { changesOf, dryRunsOf, evidenceOf } from './ways-to-the-cluster.ts';

/** Where in its life a deploy is when something is killed. */
export type Moment =
  | 'awaiting_approval'
  | 'preparing'
  | 'applying'
  | 'applying, Helm killed too'
  | 'verifying'
  | 'verifying, in its soak'
  | 'verifying, keeping evidence'
  | 'rolling_back';

export const MOMENTS: readonly Moment[] = [
  'awaiting_approval',
  'preparing',
  'applying',
  'applying, Helm killed too',
  'verifying',
  'verifying, in its soak',
  'verifying, keeping evidence',
  'rolling_back',
];

/** A deploy that has come to its moment and goes no further until it is let go. */
export interface Staged {
  readonly moment: Moment;
  readonly caller: Caller;
  readonly operation: Operation;
  readonly key: ReleaseKey;
  /** Revisions there were before this deploy. */
  readonly before: readonly string[];
  /** The Helm process at work, where there is one. */
  readonly helm: number | undefined;
  letGo(): Promise<void>;
}

/** What a deploy of each moment comes to, and the events it writes on its way. */
export const STORIES: Readonly<
  Record<Moment, { outcome: Outcome; events: readonly string[]; next: string }>
> = {
  awaiting_approval: {
    outcome: 'succeeded',
    events: ['awaiting_approval', 'approve', 'preparing', 'applying', 'verifying', 'succeeded'],
    next: 'preparing',
  },
  preparing: straight('applying'),
  applying: straight('verifying'),
  'applying, Helm killed too': straight('verifying'),
  verifying: straight('succeeded'),
  'verifying, in its soak': straight('succeeded'),
  'verifying, keeping evidence': failing('rolling_back'),
  rolling_back: failing('rolled_back'),
};

function straight(next: string) {
  return { outcome: 'succeeded', events: ['preparing', 'applying', 'verifying', 'succeeded'], next } as const;
}

function failing(next: string) {
  const events = ['preparing', 'applying', 'verifying', 'rolling_back', 'rolled_back'];
  return { outcome: 'rolled_back', events, next } as const;
}

/** One runtime for each moment, deployed into again and again. */
export class Stages {
  private readonly system: GatedSystem;
  private readonly runtimes = new Map<Moment, Runtime>();

  constructor(system: GatedSystem) {
    this.system = system;
  }

  /** First installs of all of them at once. */
  async install(): Promise<void> {
    const install = async (moment: Moment, index: number) => {
      const request = { environment: 'production' };
      const wish = { version: '1.0.0', request };
      this.runtimes.set(moment, await this.callerOf(moment).running(`moment-${index}`, wish));
    };
    await Promise.all(MOMENTS.map(install));
  }

  runtime(moment: Moment): Runtime {
    const runtime = this.runtimes.get(moment);
    if (!runtime) throw new Error(`nothing was installed for ${moment}`);
    return runtime;
  }

  /** Deploys the version into all runtimes; answers when each is in its moment, those that cannot be held last. */
  async stage(moments: readonly Moment[], round: number): Promise<Staged[]> {
    const isTimed = (moment: Moment) => moment === 'verifying' || moment === 'verifying, in its soak';
    const bring = (moment: Moment) => this.bring(moment, round);
    const held = await Promise.all(moments.filter(moment => !isTimed(moment)).map(bring));
    return [...held, ...(await Promise.all(moments.filter(isTimed).map(bring)))];
  }

  private callerOf(moment: Moment): Caller {
    const { open, guarded } = this.system;
    return (moment === 'awaiting_approval' ? guarded : open).people.developer;
  }

  private async bring(moment: Moment, round: number): Promise<Staged> {
    const runtime = this.runtime(moment);
    const key = { namespace: `rtai-${runtime.tenant_id}--default`, release: runtime.name };
    const before = await this.system.releases.revisions(key);
    const caller = this.callerOf(moment);
    const begin = () => caller.begin(runtime.id, wishOf(moment, round));
    const staged = { moment, caller, key, before };
    switch (moment) {
      case 'awaiting_approval': {
        const operation = await begin();
        return { ...staged, operation, helm: undefined, letGo: () => this.approve(operation) };
      }
      case 'preparing':
        return { ...staged, ...(await this.heldBy(dryRunsOf(key), begin)), helm: undefined };
      case 'applying': {
        const held = await this.heldBy(changesOf(key), begin);
        return { ...staged, ...held, helm: helmAtWorkOn(key) };
      }
      case 'applying, Helm killed too': {
        const { hold, ...held } = await this.heldBy(changesOf(key), begin);
        // What a dead Helm has asked for must never come to the cluster.
        const letGo = () => hold.left.then(held.letGo);
        return { ...staged, ...held, letGo, helm: helmAtWorkOn(key) };
      }
      case 'verifying':
        return { ...staged, ...freely(await this.verifying(caller, begin)) };
      case 'verifying, in its soak': {
        const operation = await this.verifying(caller, begin);
        await rolledOut(this.system, key);
        return { ...staged, ...freely(operation) };
      }
      case 'verifying, keeping evidence': {
        const held = await this.heldBy(evidenceOf(runtime.id), () => this.verifying(caller, begin));
        return { ...staged, ...held, helm: undefined };
      }
      case 'rolling_back': {
        const operation = await this.verifying(caller, begin);
        const held = await this.heldBy(changesOf(key), async () => operation);
        return { ...staged, ...held, helm: helmAtWorkOn(key) };
      }
    }
  }

  private async heldBy(matches: (request: PassingRequest) => boolean, begin: () => Promise<Operation>) {
    const hold: Hold = this.system.gate.hold(matches);
    const operation = await begin();
    await hold.arrived;
    return { operation, hold, letGo: async () => hold.release() };
  }

  private async verifying(caller: Caller, begin: () => Promise<Operation>): Promise<Operation> {
    return caller.reaches((await begin()).id, 'verifying');
  }

  private async approve({ id, approval_id }: Operation): Promise<void> {
    const { operator } = this.system.guarded.people;
    const decide = () =>
      operator.post(`/approvals/${approval_id}/decision`, { decision: 'approve' }, { 'idempotency-key': id });
    await eventually({ what: 'the approval is taken', read: decide, until: ({ status }) => status === 200 });
  }

  /** When the youngest of the runtime’s pods became ready, in milliseconds. */
  async readySince({ namespace }: ReleaseKey, runtimeId: string): Promise<number> {
    const labelSelector = `runtimeai.dev/runtime=${runtimeId}`;
    const pods = await this.system.kubernetes.list({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      labelSelector,
    });
    const times = pods
      .filter(pod => pod.metadata.deletionTimestamp === undefined)
      .flatMap(pod => listOf(fieldsOf(pod['status'])['conditions']))
      .filter(condition => condition['type'] === 'Ready')
      .map(condition => Date.parse(textOf(condition['lastTransitionTime'])));
    return Math.max(...times);
  }
}

/** How long the soak of the moment with a soak is. */
export const SOAK_SECONDS = 4;

function wishOf(moment: Moment, round: number): DeployWish {
  const version = `1.${round}.0`;
  const terms = (timeout_seconds: number, soak_seconds: number) => ({
    lift_hold: true,
    verification: { timeout_seconds, soak_seconds },
  });
  switch (moment) {
    case 'verifying':
      return { version: `${version}-slow-start-3s`, request: terms(60, 0) };
    case 'verifying, in its soak':
      return { version, request: terms(60, SOAK_SECONDS) };
    case 'verifying, keeping evidence':
    case 'rolling_back':
      return { version: `${version}-never-ready`, request: terms(5, 0) };
    default:
      return { version, request: terms(60, 0) };
  }
}

function freely(operation: Operation) {
  return { operation, helm: undefined, letGo: async () => undefined };
}

/** The process of the Helm that changes this release. */
function helmAtWorkOn({ namespace, release }: ReleaseKey): number {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const argv = commandLine(pid);
    const isChange = argv.includes('upgrade') || argv.includes('rollback');
    if (isChange && argv.includes(namespace) && argv.includes(release)) return Number(pid);
  }
  throw new Error(`no Helm works on ${namespace}/${release}`);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    // It ended between the listing and the reading.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
