import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ProblemError, problemDocument } from './problem.ts';

/** Answers with the problem document. */
export function sendProblem(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  problem: ProblemError,
): void {
  request.problem = problem.code;
  void reply
    .code(problem.status)
    .headers(problem.extras.headers ?? {})
    .header('x-request-id', request.id)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problemDocument(problem, request)));
}
