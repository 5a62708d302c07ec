import type { Approval } from '../../domain/approval.ts';
import type { Deployment } from '../../domain/deployment.ts';
import type { Event } from '../../domain/event.ts';
import type { RuntimeStatus } from '../../domain/health.ts';
import type { Operation, Outcome, Resolution, Stage } from '../../domain/operation.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { eventually } from './eventually.ts';

/** One answer of the API, whatever its status. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
}

/** What was asked for, or the problem that stands in its place. */
export type Refusable<T> = T & Pick<Partial<Problem>, 'code' | 'detail'>;

/** What a deploy asks for; `request` overrides anything in the body of the POST. */
export interface DeployWish {
  readonly version: string;
  readonly agent?: object;
  readonly request?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One person or program with a key, and what it does over the public HTTP API. */
export class Caller {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  get<T = Problem>(path: string): Promise<Answer<T>> {
    return this.call<T>('GET', path);
  }

  post<T = Problem>(path: string, body: unknown, headers = {}): Promise<Answer<T>> {
    return this.call<T>('POST', path, { body, headers });
  }

  /** Asks for a new runtime with its first deploy. */
  create(name: string, wish: DeployWish): Promise<Answer<Refusable<Runtime>>> {
    const { agent, verification, ...rest } = bodyOf(wish);
    const body = { name, type: 'agent_runtime', spec: { agent }, verification, ...rest };
    return this.post('/runtimes', body, wish.headers);
  }

  /** Asks for a deploy into a runtime that exists. */
  deploy(runtimeId: string, wish: DeployWish): Promise<Answer<Refusable<Operation>>> {
    return this.post(`/runtimes/${runtimeId}/deployments`, bodyOf(wish), wish.headers);
  }

  /** A new runtime whose first deploy has succeeded. */
  async running(name: string, wish: DeployWish): Promise<Runtime> {
    const runtime = must(201, await this.create(name, wish));
    await this.ends(runtime.operation_id ?? '', 'succeeded');
    return runtime;
  }

  /** A deploy that was accepted. */
  async begin(runtimeId: string, wish: DeployWish): Promise<Operation> {
    return must(202, await this.deploy(runtimeId, wish));
  }

  /** A deploy that was accepted, planned, and waits for people's consent. */
  async asks(runtimeId: string, wish: DeployWish): Promise<Operation> {
    const { id } = await this.begin(runtimeId, wish);
    return this.reaches(id, 'awaiting_approval');
  }

  async operation(id: string): Promise<Operation> {
    return must(200, await this.get<Operation>(`/operations/${id}`));
  }

  async deployment(id: string | null): Promise<Deployment> {
    return must(200, await this.get<Deployment>(`/deployments/${id}`));
  }

  async runtime(id: string | null): Promise<Runtime> {
    return must(200, await this.get<Runtime>(`/runtimes/${id}`));
  }

  async health(runtimeId: string): Promise<RuntimeStatus> {
    return must(200, await this.get<RuntimeStatus>(`/runtimes/${runtimeId}/status`));
  }

  async approval(id: string | null): Promise<Approval> {
    return must(200, await this.get<Approval>(`/approvals/${id}`));
  }

  /** All events of a runtime, oldest first. */
  async events(runtimeId: string): Promise<Event[]> {
    const page = await this.get<{ items: Event[] }>(`/runtimes/${runtimeId}/events?limit=500`);
    return must(200, page).items;
  }

  decide(approvalId: string | null, decision: 'approve' | 'reject', comment = 'as agreed') {
    return this.post<Refusable<Approval>>(`/approvals/${approvalId}/decision`, { decision, comment });
  }

  cancel(operationId: string, reason = 'not wanted any more') {
    return this.post<Refusable<Operation>>(`/operations/${operationId}/cancel`, { reason });
  }

  resolve(operationId: string, resolution: Resolution) {
    return this.post<Refusable<Operation>>(`/operations/${operationId}/resolve`, { resolution });
  }

  /** Waits until the operation is in the stage. */
  reaches(operationId: string, stage: Stage, seconds = 60): Promise<Operation> {
    return eventually({
      what: `${operationId} is ${stage}`,
      read: () => this.operation(operationId),
      until: operation => operation.stage === stage || operation.finished_at !== null,
      seconds,
    }).then(operation => insist(operation, operation.stage === stage, stage));
  }

  /** Waits until the operation has ended, and insists on how. */
  async ends(operationId: string, outcome: Outcome, seconds = 90): Promise<Operation> {
    const operation = await eventually({
      what: `${operationId} has ended`,
      read: async () => must(200, await this.get<Operation>(`/operations/${operationId}?wait=20`)),
      until: ({ finished_at, stage }) => finished_at !== null || stage === 'needs_attention',
      seconds,
    });
    return insist(operation, operation.outcome === outcome, outcome);
  }

  /** Any call, below /v1; without a body no content type is sent. */
  async call<T>(
    method: string,
    path: string,
    more: { body?: unknown; headers?: object } = {},
  ): Promise<Answer<T>> {
    const { body, headers } = more;
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text), text };
  }
}

/** The body of an answer that must have this status. */
export function must<T>(status: number, answer: Answer<T>): T {
  if (answer.status === status) return answer.body;
  throw new Error(`${status} was expected, ${answer.status} came: ${answer.text}`);
}

/** Status and code of an answer, as refusals are compared. */
export function refusal({ status, body }: Answer<{ code?: string }>): [number, string | undefined] {
  return [status, body.code];
}

function bodyOf({ version, agent, request }: DeployWish) {
  return {
    agent: {
      framework: { name: 'custom' },
      image: `runtimeai.dev/sample-agent:${version}`,
      replicas: 2,
      resources: { cpu: '50m', memory: '32Mi' },
      ...agent,
    },
    verification: { timeout_seconds: 60, soak_seconds: 0 },
    ...request,
  };
}

function insist(operation: Operation, holds: boolean, wanted: string): Operation {
  if (holds) return operation;
  const { id, stage, outcome, error, progress } = operation;
  const words = error?.message ?? progress?.message;
  throw new Error(`${id} came to ${outcome ?? stage} instead of ${wanted}: ${words}`);
}
