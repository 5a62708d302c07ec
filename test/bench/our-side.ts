import type { Operation } from '../../domain/operation.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { ApiClient } from '../../lab/api-client.ts';
import { sampleAgent, type Version } from './agent.ts';

/** One deploy through the API, in milliseconds as its caller saw them. */
export interface OurDeploy {
  readonly runtimeId: string;
  readonly operation: Operation;
  /** From the request's first byte to its answer. */
  readonly acceptMs: number;
  /** From that answer to hearing that the operation has succeeded. */
  readonly succeedMs: number;
}

/** RuntimeAI as a client sees it: through its HTTP API and nothing else. */
export class OurSide {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;

  constructor(options: { apiUrl: string; key: string; signal: AbortSignal }) {
    this.#client = new ApiClient(options.apiUrl, options.key);
    this.#signal = options.signal;
  }

  /** Creates a runtime and waits until its first deploy has succeeded. */
  async install(name: string, { version = '1.0.0', replicas = 2 }: Wanted = {}): Promise<OurDeploy> {
    const startedAt = performance.now();
    const runtime = await this.#client.post<Runtime>('/runtimes', {
      name,
      type: 'agent_runtime',
      spec: { agent: sampleAgent(version, replicas) },
      verification: AT_ONCE,
    });
    const acceptedAt = performance.now();
    if (runtime.operation_id === null) throw new Error(`${runtime.id} was created without an operation.`);
    return this.#succeed({
      startedAt,
      acceptedAt,
      runtimeId: runtime.id,
      operationId: runtime.operation_id,
    });
  }

  /** Deploys another version into a runtime and waits until that has succeeded. */
  async upgrade(runtimeId: string, version: Version): Promise<OurDeploy> {
    const startedAt = performance.now();
    const { id } = await this.#client.post<Operation>(`/runtimes/${runtimeId}/deployments`, {
      agent: sampleAgent(version),
      verification: AT_ONCE,
    });
    return this.#succeed({ startedAt, acceptedAt: performance.now(), runtimeId, operationId: id });
  }

  async #succeed({ startedAt, acceptedAt, runtimeId, operationId }: Accepted): Promise<OurDeploy> {
    for (let waits = 0; waits < MOST_WAITS; waits += 1) {
      this.#signal.throwIfAborted();
      const operation = await this.#client.get<Operation>(`/operations/${operationId}?wait=30`);
      if (operation.outcome === 'succeeded') {
        const succeedMs = performance.now() - acceptedAt;
        return { runtimeId, operation, acceptMs: acceptedAt - startedAt, succeedMs };
      }
      if (operation.finished_at !== null || operation.stage === 'needs_attention')
        throw new Error(
          `${operationId} ended as ${operation.outcome ?? operation.stage}: ${operation.progress?.message}`,
        );
    }
    throw new Error(`${operationId} did not end in ${MOST_WAITS * 30} s.`);
  }
}

interface Wanted {
  readonly version?: Version;
  readonly replicas?: number;
}

interface Accepted {
  readonly startedAt: number;
  readonly acceptedAt: number;
  readonly runtimeId: string;
  readonly operationId: string;
}

const MOST_WAITS = 4;
const AT_ONCE = { timeout_seconds: 120, soak_seconds: 0 };
