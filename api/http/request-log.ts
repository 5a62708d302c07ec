import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Log } from '../../process/log.ts';
import type { ProblemCode } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem the request was answered with. */
    problem: ProblemCode | undefined;
  }
}

/** One log line and one observation per answered request. What is asked again and again, health above all, is logged at debug. */
export function observeRequests(
  server: FastifyInstance,
  { log, registry }: { log: Log; registry: Registry },
): void {
  const seconds = new Histogram({
    name: 'runtimeai_http_request_seconds',
    help: 'Time from the request to the end of its answer, by route, method and status',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [registry],
  });
  const problems = new Counter({
    name: 'runtimeai_http_problems_total',
    help: 'Requests answered with a problem document, by its code',
    labelNames: ['code'] as const,
    registers: [registry],
  });
  // The fields of these lines are all named below, so none has to be looked for; each line is still cleared as text.
  const lines = log.child({}, { redact: [] });
  server.decorateRequest('problem', undefined);
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seconds.observe({ route, method: request.method, status: reply.statusCode }, reply.elapsedTime / 1000);
    if (request.problem) problems.inc({ code: request.problem });
    if (log.isLevelEnabled(levelOf(route, reply)))
      lines[levelOf(route, reply)](
        line(request, reply, route),
        `${request.method} ${pathOf(request)} ${reply.statusCode}`,
      );
    done();
  });
}

const QUIET_ROUTES = new Set([
  '/metrics',
  '/live',
  '/ready',
  '/v1/health',
  '/v1/runtimes/:runtime_id/status',
]);

function levelOf(route: string, reply: FastifyReply): 'debug' | 'info' {
  return QUIET_ROUTES.has(route) && reply.statusCode < 500 ? 'debug' : 'info';
}

/** The path without the query: whoever puts a token there shall not find it in the log. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return url.split('?')[0] ?? url;
}

function line(request: FastifyRequest, reply: FastifyReply, route: string): object {
  return {
    request: request.id,
    principal: request.principal?.id,
    tenant: request.principal?.tenantId,
    method: request.method,
    route,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(request.problem && { code: request.problem }),
  };
}
