import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError, problemDocument } from './problem.ts';
import { sendProblem } from './send-problem.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** The HTTP server below Nest: body limit, one content type, request ids, no middleware layer. */
export function createAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 256 },
    genReqId: requestIdOf,
    skipMiddie: true,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem({ request, reply }, unroutable(error)),
  });
  const server = adapter.getInstance<FastifyInstance>();
  server.decorateRequest('principal', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  acceptOnlyJson(server);
  return adapter;
}

/**
 * At the shutdown, ends what would wait for minutes before the server waits for its open requests, and closes
 * each connection as soon as it is idle; otherwise those kept alive by clients would hold the server.
 */
export function endWaitingFirst(server: FastifyInstance, end: () => void): void {
  server.addHook('preClose', async () => {
    end();
    const sweep = setInterval(() => server.server.closeIdleConnections(), 50);
    server.server.once('close', () => clearInterval(sweep));
  });
}

/** The router itself gives up on these, before anything else of ours runs. */
function unroutable(error: FastifyError): ProblemError {
  if (error.code === 'FST_ERR_BAD_URL')
    return new ProblemError('invalid_request', 'The address is not correctly encoded.');
  return new ProblemError('not_found', 'There is nothing at this address: a part of it is too long.');
}

/** What Node cannot read as a request never becomes one; its connection gets a problem document as well and ends. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const problem = new ProblemError(
    'invalid_request',
    UNREADABLE[error.code ?? ''] ?? 'This is no HTTP request.',
  );
  const document = JSON.stringify(problemDocument(problem, { id: newRequestId(), url: '' }));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(document)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${document}`);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The headers are too large: 16 KiB in all are read.',
  HPE_INVALID_METHOD: 'There is no such HTTP method.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time. Send it again.',
};

/** The caller's own X-Request-Id if it is usable, so that one id follows a request through several systems. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId();
}

/** Node draws the chance for many UUIDs at once; drawing it for each request was 6 % of a quick read. */
function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

/** An empty body is no body, also with a content type; routes that need one say so through their schema. */
function acceptOnlyJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (text === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      if (error) return done(unreadable(text, error));
      if (text.includes('\\u') && !isStorable(value)) {
        return done(
          new ProblemError(
            'unprocessable_request',
            'The body holds a NUL character or half a surrogate pair, which cannot be kept. Remove it.',
          ),
        );
      }
      done(null, value);
    });
  });
}

/** Fastify's parser also refuses JSON whose keys would reach into JavaScript's prototypes, in the same words. */
function unreadable(text: string, cause: Error): ProblemError {
  if (!PROTOTYPE_KEYS.test(text) || !isJson(text))
    return new ProblemError('malformed_body', `The body could not be read as JSON: ${cause.message}.`, {
      cause,
    });
  return new ProblemError(
    'unprocessable_request',
    'The body holds the key __proto__, or prototype within constructor, which is not taken. Name it otherwise.',
    { cause },
  );
}

/** Each letter of them may come escaped, which is rare enough to be called malformed. */
const PROTOTYPE_KEYS = /__proto__|constructor/;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** PostgreSQL keeps neither NUL nor unpaired surrogates; both can only come as \u escapes. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorable(inner));
}
