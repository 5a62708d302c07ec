import { BadPageToken } from '../../db/page.ts';
import { ProblemError } from './problem.ts';
import { unprocessableRequest } from './schema.pipe.ts';

/** The answer when PostgreSQL is away, or when a page token is not one of ours; nothing for other errors. */
export function databaseProblem(error: unknown): ProblemError | undefined {
  if (error instanceof BadPageToken)
    return unprocessableRequest('/query', [{ path: ['page_token'], message: error.message }]);
  if (!isAway(error)) return undefined;
  return new ProblemError(
    'database_unavailable',
    'PostgreSQL does not answer. Nothing was begun; repeat the request later.',
    {
      cause: error,
      headers: { 'retry-after': '5' },
    },
  );
}

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** PostgreSQL's connection exceptions, too many connections, shutting down or starting, and statement timeout. */
const SQL_STATES = /^(08...|53300|57P0[123]|57014)$/;
/** node-postgres gives these no code. */
const PG_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isAway);
  const code = 'code' in error ? String(error.code) : '';
  return SOCKET_CODES.has(code) || SQL_STATES.test(code) || PG_MESSAGES.test(error.message);
}
