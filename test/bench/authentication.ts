import type { ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AuthGuard, ON_BEHALF_OF } from '../../api/http/auth.guard.ts';
import { Requires } from '../../api/http/permission.decorator.ts';
import { databaseOfCallers, followRequests, ProjectGuard } from '../../api/http/project-access.ts';
import { createAuthentication } from '../../api/identity/authenticating.ts';
import { trust } from '../../clients/oidc/token-verifier.ts';
import { openChanges } from '../../db/changes.ts';
import type { Database } from '../../db/database.ts';
import { createApiKey } from '../../db/tenants.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { twoTenants } from '../tenants.ts';
import type { Bar } from './bars.ts';
import { median } from './statistics.ts';

/** CPU of one request's authentication and permission with warm caches, in microseconds, round by round. */
export interface AuthenticationCost {
  readonly key: readonly number[];
  readonly token: readonly number[];
  readonly onBehalfOf: readonly number[];
  readonly calls: number;
}

const CALLS = 20_000;
const ROUNDS = 7;
const LIMIT_MICROS = 60;

class SomeController {
  @Requires('runtime:read')
  read(): string {
    return 'whatever a route answers';
  }
}

/**
 * Lets requests through as the server does, up to the tenant's database with what of it the caller may see: for a key,
 * for a token, and for an agent in somebody's place.
 */
export async function measureAuthentication(say: (line: string) => void): Promise<AuthenticationCost> {
  const two = await twoTenants();
  const changes = openChanges(two.database.appUrl);
  const issuer = await startIssuer();
  issuer.publish([issuer.key.jwk]);
  const issuers = [trust(issuer.settings())];
  const { authentication, close } = createAuthentication({ database: two.db, changes, issuers });
  const letIn = entrance(new AuthGuard(presented => authentication.identify(presented)));
  try {
    const keyOf = (more: object) =>
      createApiKey(two.owner, {
        tenantId: 'acme',
        installation: 'bench',
        name: 'Ada',
        roles: ['developer'],
        ...more,
      });
    const person = await keyOf({});
    const agent = await keyOf({ kind: 'agent', ownerId: person.principalId });
    const cost = async (what: string, token: string, headers: object = {}) =>
      rounds(letIn, { what, say, headers: { authorization: `Bearer ${token}`, ...headers } });
    return {
      key: await cost('key', person.token),
      token: await cost('token', issuer.token({ claims: { groups: ['users', 'platform-admins'] } })),
      onBehalfOf: await cost('agent in somebody’s place', agent.token, {
        [ON_BEHALF_OF]: person.principalId,
      }),
      calls: CALLS,
    };
  } finally {
    await close();
    await issuer.close();
    await changes.close();
    await two.close();
  }
}

/** Each way of authentication against the bar. */
export function authenticationBars(cost: AuthenticationCost): readonly Bar[] {
  const bar = (what: string, micros: readonly number[]): Bar => ({
    subject: `authentication and permission by ${what}, CPU`,
    ours: `${median(micros).toFixed(1)} µs`,
    beside: '–',
    measured: median(micros),
    limit: LIMIT_MICROS,
    unit: ' µs',
    atMost: true,
  });
  return [
    bar('key', cost.key),
    bar('token', cost.token),
    bar('key of an agent for a person', cost.onBehalfOf),
  ];
}

/** What one request with these headers goes through. */
type LetIn = (headers: object) => Promise<void>;

function entrance(guard: AuthGuard): LetIn {
  const follow = requestHook();
  const projects = new ProjectGuard();
  const database = databaseOfCallers({ forTenant: () => undefined } as unknown as Database);
  const through = async (context: ExecutionContext) => {
    await guard.canActivate(context);
    projects.canActivate(context);
    database.forTenant('acme');
  };
  return headers => {
    const { request, context } = requestWith(headers);
    return new Promise((resolve, reject) =>
      follow(request, undefined, () => through(context).then(resolve, reject)),
    );
  };
}

type Hook = (request: FastifyRequest, reply: undefined, done: () => void) => void;

/** The hook by which all that a request calls knows which request it serves. */
function requestHook(): Hook {
  const hooks: Hook[] = [];
  const server = { decorateRequest: () => undefined, addHook: (_: string, hook: Hook) => hooks.push(hook) };
  followRequests(server as unknown as FastifyInstance);
  const [hook] = hooks;
  if (!hook) throw new Error('Requests are followed in another way by now; the benchmark must do so too.');
  return hook;
}

async function rounds(
  letIn: LetIn,
  { what, say, headers }: { what: string; say: (line: string) => void; headers: object },
): Promise<readonly number[]> {
  const micros: number[] = [];
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) micros.push(await oneRound(letIn, headers));
  const counted = micros.slice(1);
  say(`authentication by ${what}: ${median(counted).toFixed(1)} µs of CPU`);
  return counted;
}

async function oneRound(letIn: LetIn, headers: object): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call += 1) await letIn(headers);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

/** What the guards take of a request. */
function requestWith(headers: object): { request: FastifyRequest; context: ExecutionContext } {
  const request = { headers, ip: '127.0.0.1', id: 'req_bench', method: 'GET', principal: undefined };
  const http = { getRequest: () => request, getResponse: () => undefined };
  const context: Pick<ExecutionContext, 'getHandler'> & { switchToHttp(): unknown } = {
    getHandler: () => SomeController.prototype.read,
    switchToHttp: () => http,
  };
  return { request: request as unknown as FastifyRequest, context: context as ExecutionContext };
}
