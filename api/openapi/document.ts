import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverride,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { idOf } from '../../domain/ids.ts';
import { Problem } from '../../domain/problem.ts';
import { PROBLEMS, type ProblemCode } from '../http/problem.ts';
import { ANSWER_HEADERS, needsCaller, problemsOf, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** The OpenAPI 3.1 document: a pure function of the route table and the domain's schemas. */
export function openApiDocument(version: string) {
  const source: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'RuntimeAI Control Plane API',
      version,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ apiKey: [] }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths: pathsOf(ROUTES),
    components: {
      headers: HEADER_COMPONENTS,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'rtai_<installation>_<id>_<secret>_<check>' },
      },
    },
  };
  return openBesideReferences(createDocument(source, { override: plain }));
}

/** Leaves out what zod adds and a reader or generator has no use for: the pattern of a time, of answers also the bounds of all integers; answers may grow. */
const plain: ZodOpenApiOverride = ({ jsonSchema, io }) => {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (io === 'input') return;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
};

/**
 * A described copy of a named schema keeps beside its $ref what the named one has lost above, and no override is asked
 * about it; there, additionalProperties would refuse every property that the reference allows.
 */
function openBesideReferences<T>(document: T): T {
  const open = (_key: string, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'additionalProperties'));
  };
  return JSON.parse(JSON.stringify(document), open) as T;
}

const TAGS = [
  ['Runtimes', 'What runs: agents, sandboxes, virtual clusters, virtual machines'],
  ['Lifecycle', 'Starting, stopping, scaling and keeping what runs'],
  ['Deployments', 'Attempts to put a version into a runtime'],
  ['Intent', 'Goals instead of steps: planned, carried out, verified'],
  ['Actions', 'Lists of steps for agents'],
  ['Operations', 'Asynchronous work, and having a say in it'],
  ['Approvals', 'What waits for a person'],
  ['Events', 'What has happened'],
  ['Policies', 'What is allowed, denied, or needs an approval'],
  ['Tenants', 'Those who share an installation'],
  ['Projects', 'The parts of a tenant, and who may see them'],
  ['Members', 'People and agents, and their roles'],
  ['Identity', 'Who the caller is, and API keys'],
  ['Audit', 'Who did what, and the proof of it'],
  ['Health', 'Whether the API serves'],
] as const;

const INTRODUCTION = `A durable control plane for AI agents and the runtimes they live in.

- Whatever takes time answers at once with an operation; \`GET /operations/{operation_id}?wait=30\` waits for it.
- Errors are problem documents (RFC 9457). 400: the request does not fit its schema, and \`errors\` points at each place. 422: it fits and cannot be granted as it stands.
- The tenant comes from the API key. The header \`tenant_id\` and the field \`tenant_id\` may only repeat it; anything else is 403.
- What belongs to another tenant answers 404, like what does not exist.
- Send an \`Idempotency-Key\` with every POST: a repeated request begins nothing new. Keys are remembered for 24 hours. A refused request does not use the key up: send it again once the reason is gone.
- What can be edited is read with an \`ETag\`; send it as \`If-Match\` with the edit, and the edit is refused with 412 when somebody else was there first. A GET with \`If-None-Match\` answers 304 when nothing has changed.
- Each key may ask so often a minute: \`RateLimit-Policy\` says how often, \`RateLimit\` what is left, as draft-ietf-httpapi-ratelimit-headers has it. Beyond that it is 429 with \`Retry-After\`.
- An id of a request, \`X-Request-Id\`, may be sent and is always answered.`;

const HEADERS = {
  tenant: z
    .string()
    .optional()
    .meta({
      param: { id: 'TenantId' },
      description:
        'May only repeat the tenant of the key; another one is 403. Some proxies drop names with an underscore: X-Tenant-Id is the same.',
    }),
  idempotency: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .meta({
      param: { id: 'IdempotencyKey' },
      description: 'Any text of 1 to 255 visible ASCII characters, e.g. a UUID; kept for your key alone',
      examples: ['9f1c3e9e-4a53-4a8e-9d06-0f1f6a6f0e3b'],
    }),
  ifMatch: z
    .string()
    .optional()
    .meta({
      param: { id: 'IfMatch' },
      description:
        'The ETag of what was read, or just its version in quotes; a list of them, or *. Another version is 412. Left out, any version will do',
      examples: ['"3"'],
    }),
  ifNoneMatch: z
    .string()
    .optional()
    .meta({
      param: { id: 'IfNoneMatch' },
      description: 'The ETag of an earlier answer; when this one would be the same it is 304 without a body',
      examples: ['"3.Zm9vYmFyYmF6"'],
    }),
  onBehalfOf: idOf('principal')
    .optional()
    .meta({
      param: { id: 'OnBehalfOf' },
      description:
        'Of an agent’s request: the person in whose place it acts; both must be permitted to do it',
    }),
  lastEventId: z
    .string()
    .regex(/^[0-9]{0,15}$/)
    .optional()
    .meta({
      param: { id: 'LastEventId' },
      description: 'Sequence of the last event that was received; only for event streams',
    }),
};

function pathsOf(routes: readonly Route[]): Record<string, Record<string, ZodOpenApiOperationObject>> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return paths;
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const path = pathParameters(route.path);
  const header = headersOf(route);
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...(route.permission && { 'x-permission': route.permission }),
    ...(!needsCaller(route) && { security: [] }),
    requestParams: {
      ...(path && { path }),
      ...(header && { header }),
      ...(route.query && { query: route.query }),
    },
    ...(route.body && {
      requestBody: {
        required: route.body.required,
        content: { 'application/json': { schema: route.body.schema, examples: { ...route.body.examples } } },
      },
    }),
    responses: responsesOf(route),
  };
}

function pathParameters(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(match => String(match[1]));
  return names.length === 0 ? undefined : z.object(Object.fromEntries(names.map(name => [name, z.string()])));
}

function headersOf(route: Route): z.ZodObject | undefined {
  const shape: Record<string, z.ZodType> = {};
  if (needsCaller(route)) {
    shape['tenant_id'] = HEADERS.tenant;
    shape['Runtimeai-On-Behalf-Of'] = HEADERS.onBehalfOf;
  }
  if (route.method === 'post') shape['Idempotency-Key'] = HEADERS.idempotency;
  if (route.ifMatch) shape['If-Match'] = HEADERS.ifMatch;
  if (route.answer.headers?.includes('ETag')) shape['If-None-Match'] = HEADERS.ifNoneMatch;
  if (route.answer.eventStream) shape['Last-Event-ID'] = HEADERS.lastEventId;
  return Object.keys(shape).length === 0 ? undefined : z.object(shape);
}

function responsesOf(route: Route): ZodOpenApiResponsesObject {
  const { status, description, headers = [] } = route.answer;
  const ok = { description, headers: headersOfAnswer(route, headers), ...contentOf(route.answer) };
  const same = headers.includes('ETag') && {
    304: { description: 'It is as If-None-Match has it', headers: headersOfAnswer(route, ['ETag']) },
  };
  return { [status]: ok, ...same, ...problemResponses(route) } as ZodOpenApiResponsesObject;
}

function contentOf({ schema, eventStream, jsonLines, markdown }: Route['answer']) {
  if (jsonLines)
    return {
      content: { 'application/jsonl': { schema: { type: 'string' as const }, example: jsonLines } },
    };
  if (!schema) return undefined;
  const stream = eventStream && {
    'text/event-stream': { schema: { type: 'string' as const }, example: eventStream },
  };
  const text = markdown && {
    'text/markdown': { schema: { type: 'string' as const }, example: markdown },
  };
  return { content: { 'application/json': { schema }, ...stream, ...text } };
}

type AnswerHeader = keyof typeof ANSWER_HEADERS;

function headersOfAnswer(route: Route, headers: readonly AnswerHeader[]) {
  return referring(['X-Request-Id', ...(needsCaller(route) ? RATE_LIMITS : []), ...headers]);
}

const RATE_LIMITS = ['RateLimit-Policy', 'RateLimit'] as const;
/** Headers that answers of all routes may carry. */
const GENERAL_HEADERS = {
  'X-Request-Id': 'The id of this request, as the log has it',
  'RateLimit-Policy': 'What the key may ask, e.g. `"per-minute";q=6000;w=60`; absent without a limit',
  RateLimit: 'What is left of it and for how many seconds, e.g. `"per-minute";r=5999;t=42`',
  'WWW-Authenticate': '`Bearer` and the realm',
} as const;
type HeaderName = keyof typeof GENERAL_HEADERS | AnswerHeader;

/** By status: what its problem documents come with. */
const PROBLEM_HEADERS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  429: [...RATE_LIMITS, 'Retry-After'],
  503: ['Retry-After'],
};

const HEADER_COMPONENTS = Object.fromEntries(
  Object.entries({ ...GENERAL_HEADERS, ...ANSWER_HEADERS }).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' as const } },
  ]),
);

function referring(headers: readonly HeaderName[]) {
  return Object.fromEntries(headers.map(name => [name, { $ref: `#/components/headers/${name}` }]));
}

/** One response per status, naming the codes that share it. */
function problemResponses(route: Route): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(problemsOf(route), code => PROBLEMS[code][0]);
  const responses: Record<string, unknown> = {};
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[status] = {
      description: codes.map(inWords).join('; '),
      headers: referring(['X-Request-Id', ...(PROBLEM_HEADERS[status] ?? [])]),
      content: { 'application/problem+json': { schema: Problem } },
    };
  }
  return responses as ZodOpenApiResponsesObject;
}

function inWords(code: ProblemCode): string {
  return `\`${code}\`: ${PROBLEMS[code][1]}`;
}
