import type { Operation } from '../../domain/operation.ts';
import type { Runtime } from '../../domain/runtime.ts';
import type { PassingRequest } from '../fakes/request-gate.ts';
import type { Caller } from './caller.ts';
import { eventually } from './eventually.ts';
import type { GatedSystem } from './gated-system.ts';
import { helmAtWorkOn } from './helm-process.ts';
import { isTimed, MOMENTS, type Moment, wishFor } from './moments.ts';
import type { ReleaseKey } from './releases.ts';
import { rolledOut } from './rollouts.ts';
import { changesOf, dryRunsOf, evidenceOf } from './ways-to-the-cluster.ts';

/** A deploy that has come to its moment and goes no further until it is let go. */
export interface Staged extends Kept {
  readonly moment: Moment;
  readonly runtime: Runtime;
  readonly caller: Caller;
  readonly key: ReleaseKey;
  /** Revisions there were before this deploy. */
  readonly before: readonly string[];
}

interface Kept {
  readonly operation: Operation;
  /** The Helm process at work, where there is one. */
  readonly helm?: number;
  letGo(): Promise<void>;
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
      const wish = { version: '1.0.0', request: { environment: 'production' } };
      this.runtimes.set(moment, await this.callerOf(moment).running(`moment-${index}`, wish));
    };
    await Promise.all(MOMENTS.map(install));
  }

  /** Deploys into all runtimes; answers when each is in its moment, those that cannot be held last. */
  async stage(moments: readonly Moment[], round: number): Promise<Staged[]> {
    const bring = (moment: Moment) => this.bring(moment, round);
    const held = await Promise.all(moments.filter(moment => !isTimed(moment)).map(bring));
    return [...held, ...(await Promise.all(moments.filter(isTimed).map(bring)))];
  }

  private async bring(moment: Moment, round: number): Promise<Staged> {
    const runtime = this.runtimes.get(moment);
    if (!runtime) throw new Error(`nothing was installed for ${moment}`);
    const { system } = this;
    const caller = this.callerOf(moment);
    const key = { namespace: `rtai-${runtime.tenant_id}--default`, release: runtime.name };
    const before = await system.releases.revisions(key);
    const begin = () => caller.begin(runtime.id, wishFor(moment, round));
    const kept = await WAYS[moment]({ system, caller, key, runtimeId: runtime.id, begin });
    return { moment, runtime, caller, key, before, ...kept };
  }

  private callerOf(moment: Moment): Caller {
    const { open, guarded } = this.system;
    return (moment === 'awaiting_approval' ? guarded : open).people.developer;
  }
}

interface Beginning {
  readonly system: GatedSystem;
  readonly caller: Caller;
  readonly key: ReleaseKey;
  readonly runtimeId: string;
  readonly begin: () => Promise<Operation>;
}

/** How a deploy is brought to each moment and kept there. */
const WAYS: Readonly<Record<Moment, (deploy: Beginning) => Promise<Kept>>> = {
  awaiting_approval: async deploy => {
    const operation = await deploy.caller.reaches((await deploy.begin()).id, 'awaiting_approval');
    return { operation, letGo: () => approve(deploy.system, operation) };
  },
  preparing: deploy => held(deploy, dryRunsOf(deploy.key)),
  applying: async deploy => ({
    ...(await held(deploy, changesOf(deploy.key))),
    helm: helmAtWorkOn(deploy.key),
  }),
  'applying, Helm killed too': async deploy => {
    const { left, letGo, operation } = await held(deploy, changesOf(deploy.key));
    // What a dead Helm has asked for must never come to the cluster.
    return { operation, helm: helmAtWorkOn(deploy.key), letGo: () => left.then(letGo) };
  },
  verifying: freely,
  'verifying, in its soak': async deploy => {
    const kept = await freely(deploy);
    await rolledOut(deploy.system, deploy.key);
    return kept;
  },
  'verifying, keeping evidence': deploy => held(deploy, evidenceOf(deploy.runtimeId)),
  rolling_back: async deploy => {
    const { operation } = await freely(deploy);
    return held({ ...deploy, begin: async () => operation }, changesOf(deploy.key));
  },
};

async function held({ system, begin }: Beginning, matches: (request: PassingRequest) => boolean) {
  const hold = system.gate.hold(matches);
  const operation = await begin();
  await hold.arrived;
  return { operation, left: hold.left, letGo: async () => hold.release() };
}

async function freely({ caller, begin }: Beginning): Promise<Kept> {
  const operation = await caller.reaches((await begin()).id, 'verifying');
  return { operation, letGo: async () => undefined };
}

/** Asks until it is heard: the workflow, or the API itself, may just have been killed. */
async function approve({ guarded }: GatedSystem, { id, approval_id }: Operation): Promise<void> {
  const path = `/approvals/${approval_id}/decision`;
  await eventually({
    what: 'the approval is taken',
    read: () => guarded.people.operator.post(path, { decision: 'approve' }, { 'idempotency-key': id }),
    until: ({ status }) => status === 200,
  });
}
