import type { Stage } from '../domain/operation.ts';

interface Running {
  readonly admittedAt: number;
  readonly stage: Stage;
  readonly enteredAt: number;
}

const MOST_OPERATIONS = 10_000;

/** Measures stages as one process sees them; an operation that goes on in another process is forgotten in time. */
export class StageClock {
  readonly #running = new Map<string, Running>();
  readonly #now: () => number;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Answers the stage that was left and how long it took, when its beginning was seen. */
  enter(operationId: string, stage: Stage): { stage: Stage; seconds: number } | undefined {
    const at = this.#now();
    const before = this.#running.get(operationId);
    this.#running.delete(operationId);
    this.#running.set(operationId, { admittedAt: before?.admittedAt ?? at, stage, enteredAt: at });
    this.#forgetOldest();
    return before && { stage: before.stage, seconds: (at - before.enteredAt) / 1000 };
  }

  /** Like `enter`, for the end of the operation, with the time since it was first seen. */
  end(operationId: string): { stage: Stage; seconds: number; sinceAdmissionSeconds: number } | undefined {
    const at = this.#now();
    const before = this.#running.get(operationId);
    this.#running.delete(operationId);
    return (
      before && {
        stage: before.stage,
        seconds: (at - before.enteredAt) / 1000,
        sinceAdmissionSeconds: (at - before.admittedAt) / 1000,
      }
    );
  }

  #forgetOldest(): void {
    if (this.#running.size <= MOST_OPERATIONS) return;
    for (const oldest of this.#running.keys()) {
      this.#running.delete(oldest);
      return;
    }
  }
}
