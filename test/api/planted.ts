import * as fc from 'fast-check';
import type { Route } from '../../api/openapi/route.ts';
import { ROUTES } from '../../api/openapi/routes.ts';
import { newId } from '../../domain/ids.ts';
import type { Named } from './governed-world.ts';
import { exampleOf, requestOf } from './route-requests.ts';
import type { Answer, TestRequest } from './server.ts';

/** Ids and names as good as any, of nothing. */
export const ABSENT: Named = {
  tenant_id: 'no-such-tenant',
  project: 'nowhere-at-all',
  runtime_id: newId('runtime'),
  operation_id: newId('operation'),
  deployment_id: newId('deployment'),
  approval_id: newId('approval'),
  intent_id: newId('intent'),
  policy_id: newId('policy'),
  principal_id: newId('principal'),
  delegation_id: newId('delegation'),
  key_id: 'ffffffffffffffff',
  audit_id: newId('audit'),
  version: '1',
};

/** What a field of a query or a body is about, where its name is not that of a path parameter. */
const SAME_AS: Readonly<Record<string, keyof Named>> = {
  to: 'principal_id',
  from: 'principal_id',
  owner_id: 'principal_id',
  may_act_for: 'principal_id',
  actor: 'principal_id',
  actor_id: 'principal_id',
  on_behalf_of: 'principal_id',
  object_id: 'runtime_id',
  runtime: 'runtime_id',
  operation: 'operation_id',
  replaces: 'key_id',
};

/** Fields of bodies that their examples leave out. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  createRuntime: ['project', 'tenant_id'],
  createPolicy: ['tenant_id'],
  createKey: ['principal_id'],
  createMember: ['owner_id', 'may_act_for'],
  changeMember: ['owner_id', 'may_act_for'],
  createDelegation: ['to', 'from'],
};

/** Where in a request something is planted, and at which of these places it is somebody else's. */
export interface Planting {
  readonly operationId: string;
  readonly path: readonly boolean[];
  readonly fields: readonly boolean[];
}

/** Any route, with somebody else's things at any of its places: at one of its path's at least, if it has some. */
export function anyPlanting(routes: readonly Route[]): fc.Arbitrary<Planting> {
  return fc.constantFrom(...routes).chain(route =>
    fc
      .record({
        operationId: fc.constant(route.operationId),
        path: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        fields: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      })
      .map(planting => withOneInPath(planting, parametersOf(route).length)),
  );
}

function withOneInPath(planting: Planting, places: number): Planting {
  if (planting.path.slice(0, places).some(Boolean)) return planting;
  return { ...planting, path: [true, ...planting.path.slice(1)] };
}

/** The request with these things at the planted places, and with one's own at all others. */
export function plantedRequest(
  { operationId, path, fields }: Planting,
  { own, planted }: { own: Named; planted: Named },
): TestRequest {
  const route = routeOf(operationId);
  const ids: Record<string, string> = { ...own };
  parametersOf(route).forEach((name, index) => {
    if (path[index]) ids[name] = planted[name as keyof Named];
  });
  const pick = picker(fields, { own, planted });
  const query = Object.fromEntries(
    Object.keys(route.query?.shape ?? {}).flatMap(name => {
      const value = pick(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return requestOf(route, { ids: ids as Named, query, body: plantedBody(route, pick) });
}

type Pick = (name: string) => string | undefined;

/** The next place is planted or not; what no id or name belongs into is left alone. */
function picker(fields: readonly boolean[], { own, planted }: { own: Named; planted: Named }): Pick {
  let place = 0;
  return name => {
    const about = SAME_AS[name] ?? name;
    if (!Object.hasOwn(planted, about) || about === 'version') return undefined;
    place += 1;
    return (fields[place % fields.length] ? planted : own)[about as keyof Named];
  };
}

function plantedBody(route: Route, pick: Pick): object | undefined {
  const example = exampleOf(route);
  if (typeof example !== 'object' || example === null) return undefined;
  const added = (LEFT_OUT[route.operationId] ?? []).map(name => [
    name,
    name === 'may_act_for' ? [pick(name)] : pick(name),
  ]);
  return { ...(replaced(example, pick) as object), ...Object.fromEntries(added) };
}

function replaced(value: unknown, pick: Pick): unknown {
  if (Array.isArray(value)) return value.map(each => replaced(each, pick));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      (typeof inner === 'string' ? pick(name) : undefined) ?? replaced(inner, pick),
    ]),
  );
}

function routeOf(operationId: string): Route {
  const route = ROUTES.find(each => each.operationId === operationId);
  if (!route) throw new Error(`There is no route ${operationId}.`);
  return route;
}

function parametersOf({ path }: Route): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
}

/** The answer without what differs from one request to the next, and with one word for whatever was planted. */
export function comparable({ status, body }: Answer, planted: Named): unknown {
  let text = JSON.stringify(body);
  const longestFirst = secretsOf(planted).sort((a, b) => b.length - a.length);
  for (const value of longestFirst) text = text.replaceAll(value, 'PLANTED');
  text = text
    .replace(/\b[a-z]{2,3}_[0-9a-z]{26}\b/g, 'ID')
    .replace(/req_[0-9a-f]{24}/g, 'REQUEST')
    .replace(/made-\d+/g, 'NAME')
    .replace(/rtai_[a-z0-9]+_[\w-]+/g, 'KEY')
    .replace(/\b[0-9a-f]{16}\b/g, 'KEY_ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  return { status, body: JSON.parse(text) as unknown };
}

/** What of these must never be shown: all that is no mere number. */
export function secretsOf({ version: _, ...named }: Named): string[] {
  return Object.values(named);
}

/** The secrets that an answer tells although the request did not say them. */
export function toldBy(
  { body }: Answer,
  { request, secrets }: { request: TestRequest; secrets: readonly string[] },
) {
  const said = JSON.stringify([request.path, request.body]);
  const answer = typeof body === 'string' ? body : JSON.stringify(body);
  return secrets.filter(secret => answer.includes(secret) && !said.includes(secret));
}
