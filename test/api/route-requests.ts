import type { Route } from '../../api/openapi/route.ts';
import type { Named } from './governed-world.ts';
import type { TestRequest } from './server.ts';

/** A call of the route: its path with these ids in it, and this body, or else the first of its own examples. */
export function requestOf(
  route: Route,
  {
    ids,
    body,
    query = {},
  }: { ids: Named; body?: object | undefined; query?: Readonly<Record<string, string>> },
): TestRequest {
  const path = `/v1${route.path.replace(/\{(\w+)\}/g, (_, name: string) => idNamed(ids, name))}`;
  const search = new URLSearchParams(query).toString();
  const sent = body ?? exampleOf(route);
  return {
    method: route.method.toUpperCase(),
    path: search ? `${path}?${search}` : path,
    ...(sent !== undefined && { body: sent }),
  };
}

/** The first body that the document shows for the route. */
export function exampleOf({ body }: Route): unknown {
  return body && Object.values(body.examples)[0]?.value;
}

function idNamed(ids: Named, name: string): string {
  if (Object.hasOwn(ids, name)) return ids[name as keyof Named];
  throw new Error(
    `Nothing is known that {${name}} of a path could name; add it to test/api/governed-world.ts.`,
  );
}
