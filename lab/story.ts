import { setTimeout as delay } from 'node:timers/promises';
import type { Deployment } from '../domain/deployment.ts';
import type { RuntimeStatus } from '../domain/health.ts';
import type { Operation } from '../domain/operation.ts';
import { messageOfLogLine } from '../domain/rules/log-line.ts';
import type { Runtime } from '../domain/runtime.ts';
import { ApiClient } from './api-client.ts';

/** Who plays in the story, and where its lines go. */
export interface StoryOptions {
  readonly apiUrl: string;
  readonly developerKey: string;
  readonly approverKey: string;
  readonly runtimeName: string;
  /** Whether containers really run, so that their logs must be in the evidence. */
  readonly realNode: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What the story leaves for the reader to look at. */
export interface StoryResult {
  readonly runtimeId: string;
  readonly rolledBack: Operation;
}

const IMAGE = 'runtimeai.dev/sample-agent';
const POLL_MS = 150;
const LINE = 110;

/** Plays the story through the public HTTP API only; throws, saying where, when a step does not end as told. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const play = new Play(options);
  const { say, runtimeName } = options;

  say(`1  ${runtimeName}: deploy the sample agent 1.0.0, two replicas`);
  const first = await play.deploy('1.0.0');
  await play.mustEnd(first, 'succeeded');
  await play.mustBeHealthy(first);

  say(`2  ${runtimeName}: deploy 1.1.0; production upgrades need somebody else’s approval`);
  const second = await play.deploy('1.1.0');
  await play.mustEnd(second, 'succeeded');
  await play.mustBeHealthy(second);

  say(`3  ${runtimeName}: deploy 1.2.0, whose pods never become ready`);
  const third = await play.deploy('1.2.0-never-ready');
  await play.mustEnd(third, 'rolled_back');
  await play.explain(third);
  await play.mustBeHealthy(third);
  if (third.runtime_id === null) throw new Error('the rolled-back operation names no runtime');
  return { runtimeId: third.runtime_id, rolledBack: third };
}

class Play {
  private readonly developer: ApiClient;
  private readonly approver: ApiClient;

  constructor(private readonly options: StoryOptions) {
    this.developer = new ApiClient(options.apiUrl, options.developerKey);
    this.approver = new ApiClient(options.apiUrl, options.approverKey);
  }

  async deploy(version: string): Promise<Operation> {
    const agent = {
      framework: { name: 'custom' },
      image: `${IMAGE}:${version}`,
      replicas: 2,
      resources: { cpu: '50m', memory: '64Mi' },
    };
    const verification = version.includes('never-ready')
      ? { timeout_seconds: 8, soak_seconds: 2 }
      : { timeout_seconds: 120, soak_seconds: 2 };
    const operation = await this.begin(agent, verification);
    return this.watch(operation);
  }

  /** Creates the runtime, or deploys into the one an earlier start has left. */
  private async begin(agent: object, verification: object): Promise<Operation> {
    const existing = await this.find();
    if (existing) {
      await this.finishEarlier(existing);
      return this.developer.post<Operation>(`/runtimes/${existing.id}/deployments`, {
        agent,
        verification,
        lift_hold: true,
      });
    }
    const created = await this.developer.post<Runtime>('/runtimes', {
      name: this.options.runtimeName,
      type: 'agent_runtime',
      environment: 'production',
      spec: { agent },
      verification,
    });
    return this.developer.get<Operation>(`/operations/${created.operation_id}`);
  }

  /** A deploy that an earlier start was stopped in the middle of goes on by itself; it is seen to its end first. */
  private async finishEarlier({ operation_id: id }: Runtime): Promise<void> {
    if (id === null) return;
    let earlier = await this.developer.get<Operation>(`/operations/${id}`);
    if (earlier.finished_at !== null) return;
    this.options.say(
      '     an earlier start was stopped in the middle of a deploy; that one is finished first',
    );
    if (earlier.stage === 'needs_attention')
      earlier = await this.approver.post<Operation>(`/operations/${id}/resolve`, {
        resolution: 'abandon',
        comment: 'the story begins anew',
      });
    await this.watch(earlier);
  }

  private async find(): Promise<Runtime | undefined> {
    const { items } = await this.developer.get<{ items: Runtime[] }>('/runtimes?page_size=200');
    return items.find(runtime => runtime.name === this.options.runtimeName && runtime.state !== 'deleted');
  }

  /** Prints each stage as it comes and approves when asked, until the operation has ended. */
  private async watch(begun: Operation): Promise<Operation> {
    const startedAt = performance.now();
    let shown: Operation | undefined;
    for (
      let operation = begun;
      ;
      operation = await this.developer.get<Operation>(`/operations/${begun.id}`)
    ) {
      this.options.signal.throwIfAborted();
      const line = whatIsNew(operation, shown);
      if (line !== undefined) this.options.say(`     ${seconds(startedAt)}  ${line}`);
      shown = operation;
      if (operation.finished_at !== null) return operation;
      if (operation.stage === 'needs_attention')
        throw new Error(`${operation.id} needs attention: ${operation.progress?.message}`);
      if (operation.stage === 'awaiting_approval' && operation.approval_id)
        await this.approve(operation.approval_id, startedAt);
      await delay(POLL_MS, undefined, { signal: this.options.signal });
    }
  }

  private async approve(approvalId: string, startedAt: number): Promise<void> {
    await this.approver.post(`/approvals/${approvalId}/decision`, {
      decision: 'approve',
      comment: 'looks good',
    });
    this.options.say(
      `     ${seconds(startedAt)}  approved          by the approver’s key (the requester’s own would be refused)`,
    );
  }

  async mustEnd(operation: Operation, outcome: Operation['outcome']): Promise<void> {
    if (operation.outcome === outcome) return;
    throw new Error(
      `${operation.id} ended as ${operation.outcome} instead of ${outcome}: ${operation.error?.message ?? operation.progress?.message}`,
    );
  }

  /** The observer must come to see it too; what the API says of health is what it saw. */
  async mustBeHealthy(operation: Operation): Promise<void> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const status = await this.developer.get<RuntimeStatus>(`/runtimes/${operation.runtime_id}/status`);
      if (status.health === 'ok' && status.state === 'running') {
        this.options.say(`              health ${status.health}: ${status.reason}`);
        return;
      }
      if (Date.now() > deadline)
        throw new Error(`${operation.runtime_id} is ${status.state}, ${status.health}: ${status.reason}`);
      await delay(POLL_MS, undefined, { signal: this.options.signal });
    }
  }

  /** Prints why it was put back; the reason must be there. */
  async explain(operation: Operation): Promise<void> {
    const { evidence } = await this.developer.get<Deployment>(`/deployments/${operation.deployment_id}`);
    if (!evidence) throw new Error(`${operation.deployment_id} has no evidence`);
    const { say, realNode } = this.options;
    say(`              why: ${evidence.reason}`);
    const pod = evidence.pods.find(each => !each.ready);
    if (!pod) throw new Error('the evidence names no pod that was not ready');
    say(`              pod ${pod.name}: ${pod.failed_probe ?? pod.reason ?? pod.phase}`);
    for (const line of pod.logs.slice(-2)) say(`              log ${shortened(messageOfLogLine(line))}`);
    if (realNode && pod.logs.length === 0)
      throw new Error(`there are no log lines in the evidence: ${pod.logs_unavailable}`);
    if (evidence.events.length === 0) throw new Error('there are no events in the evidence');
    say(`              ${evidence.events.length} events kept; more: ${evidence.see_more}`);
  }
}

/** The line for an operation that says something new; where its message only goes on, what was added. */
function whatIsNew(operation: Operation, shown: Operation | undefined): string | undefined {
  const [heading, message] = said(operation);
  const [headingBefore, before] = shown ? said(shown) : [];
  if (heading === headingBefore && message === before) return undefined;
  const goesOn = before && message.length > before.length && message.startsWith(before);
  return `${heading.padEnd(17)} ${shortened(goesOn ? `…${message.slice(before.length)}` : message)}`;
}

function said({ outcome, stage, progress }: Operation): [string, string] {
  return [outcome ?? stage, progress?.message ?? ''];
}

/** Enough of a message for one line of a terminal; the whole of it is in the operation. */
function shortened(message: string): string {
  return message.length > LINE ? `${message.slice(0, LINE - 1)}…` : message;
}

function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
}
