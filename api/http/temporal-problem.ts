import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { REFUSED } from '../../workflows/messages.ts';
import { isProblemCode, type ProblemCode, ProblemError } from './problem.ts';

/** How long a command may wait for a worker to take it; a workflow whose record is being retried hears messages only every 8 s. */
export const COMMAND_DEADLINE_MS = 15_000;

/** The answer to a command that a workflow refused, or that Temporal could not deliver; nothing for other errors. */
export function temporalProblem(error: unknown): ProblemError | undefined {
  return refusal(error) ?? (isAway(error) ? away(error) : undefined);
}

/** Temporal did not answer, or no worker took the command in time: whether it was taken is unknown. */
function isAway(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return cause instanceof Error && isGrpcServiceError(cause) && AWAY_CODES.has(cause.code);
}

/** gRPC CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const AWAY_CODES = new Set<number>([1, 4, 8, 14]);

function refusal(error: unknown): ProblemError | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) return undefined;
  const detail = RefusalDetail.safeParse(cause.details?.[0]);
  if (!detail.success) return undefined;
  return new ProblemError(detail.data.code, detail.data.message, { cause: error });
}

const RefusalDetail = z.object({ code: z.custom<ProblemCode>(isProblemCode), message: z.string() });

function away(cause: unknown): ProblemError {
  return new ProblemError(
    'temporal_unavailable',
    'Temporal did not take the command in time. It may still be carried out: repeat the request with the same Idempotency-Key.',
    { cause, headers: { 'retry-after': '5' } },
  );
}
