import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../process/log.ts';
import { methodNotAllowed } from './allowed-methods.ts';
import { PROBLEMS, type ProblemCode, ProblemError } from './problem.ts';
import { pathOf } from './request-log.ts';
import { sendProblem } from './send-problem.ts';

/** Recognises the errors of one outside part, e.g. the database being away; nothing when it is none of its own. */
export type Translate = (error: unknown) => ProblemError | undefined;

interface FilterParts {
  readonly log: Log;
  readonly translators: readonly Translate[];
  /** The methods the address would take. */
  readonly allowedMethods: (path: string) => readonly string[];
  /** Told of every problem that is answered. */
  readonly onProblem?: (request: FastifyRequest, problem: ProblemError) => void;
}

/** Turns whatever is thrown while a request is answered into a problem document; a stack goes to the log, never out. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #parts: FilterParts;

  constructor(parts: FilterParts) {
    this.#parts = parts;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.#problemOf(error, request);
    this.#parts.onProblem?.(request, problem);
    if (problem.status >= 500)
      this.#parts.log.error(
        { err: problem.cause ?? problem, request: request.id, code: problem.code },
        `${request.method} ${pathOf(request)} could not be answered`,
      );
    if (reply.raw.headersSent) return void reply.raw.destroy();
    sendProblem({ request, reply }, problem);
  }

  #problemOf(error: unknown, request: FastifyRequest): ProblemError {
    if (error instanceof ProblemError) return error;
    for (const translate of this.#parts.translators) {
      const problem = translate(error);
      if (problem) return problem;
    }
    const status = frameworkStatus(error);
    // 403 is what @fastify/static says of a path that leads out of its folder.
    if (status === 404 || status === 403) return this.#noRoute(request);
    if (status < 500 && !this.#takes(request)) return this.#noRoute(request);
    const code = FRAMEWORK_CODES[status];
    return code ? new ProblemError(code, `${PROBLEMS[code][1]}: ${messageOf(error)}.`) : unexpected(error);
  }

  /** Fastify looks at the headers of some methods (QUERY) before it looks for a route. */
  #takes(request: FastifyRequest): boolean {
    return this.#parts.allowedMethods(pathOf(request)).includes(request.method);
  }

  #noRoute(request: FastifyRequest): ProblemError {
    const path = pathOf(request);
    const allowed = this.#parts.allowedMethods(path);
    if (allowed.length === 0 || allowed.includes(request.method))
      return new ProblemError(
        'not_found',
        `There is nothing at ${request.method} ${path}. GET /v1/openapi.json lists all addresses.`,
      );
    return methodNotAllowed({ method: request.method, path }, allowed);
  }
}

/** What Fastify and Nest refuse by themselves, before a controller is reached. */
const FRAMEWORK_CODES: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid_request',
  413: 'body_too_large',
  414: 'not_found',
  415: 'unsupported_media_type',
};

function frameworkStatus(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const isFastifys = error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
  return isFastifys && 'statusCode' in error ? Number(error.statusCode) : 500;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

function unexpected(error: unknown): ProblemError {
  return new ProblemError(
    'internal',
    'The request could not be answered. The log of the API has the reason under this request_id.',
    { cause: error },
  );
}
