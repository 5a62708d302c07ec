import type { FastifyInstance } from 'fastify';
import { ProblemError } from './problem.ts';
import { pathOf } from './request-log.ts';

/** An address as it was routed, e.g. `/v1/policies/:policy_id`, and every method it takes. */
interface Address {
  readonly segments: readonly string[];
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/**
 * Learns every route as it is added; answers the methods an address takes, so that a wrong one gets 405 and not 404.
 * A fixed address hides the parameter beside it from every method: what it does not take is 405 too.
 */
export function collectMethods(server: FastifyInstance): (path: string) => readonly string[] {
  const addresses = new Map<string, Address>();
  server.addHook('onRoute', ({ url, method }) => {
    const address = addresses.get(url) ?? addressOf(url);
    for (const each of [method].flat()) address.methods.add(each);
    addresses.set(url, address);
  });
  const allowedMethods = (path: string) => methodsAt(decoded(path), [...addresses.values()]);
  refuseHidden(server, { addresses, allowedMethods });
  return allowedMethods;
}

/** The problem of a method that the path does not take. */
export function methodNotAllowed(
  { method, path }: { method: string; path: string },
  allowed: readonly string[],
): ProblemError {
  const allow = allowed.join(', ');
  return new ProblemError('method_not_allowed', `${path} takes ${allow}, not ${method}.`, {
    headers: { allow },
  });
}

interface Collected {
  readonly addresses: ReadonlyMap<string, Address>;
  readonly allowedMethods: (path: string) => readonly string[];
}

/** The router goes on to the parameter when the fixed address beside it does not take the method. */
function refuseHidden(server: FastifyInstance, { addresses, allowedMethods }: Collected): void {
  const hiders = new Map<string, readonly Address[]>();
  const hidersOf = (url: string) => {
    const known = hiders.get(url);
    if (known) return known;
    const address = addresses.get(url);
    const found = address ? [...addresses.values()].filter(each => hides(each, address)) : [];
    hiders.set(url, found);
    return found;
  };
  server.addHook('onRequest', async request => {
    const hiding = hidersOf(request.routeOptions.url ?? '');
    if (hiding.length === 0) return;
    const path = pathOf(request);
    if (hiding.some(({ pattern }) => pattern.test(decoded(path))))
      throw methodNotAllowed({ method: request.method, path }, allowedMethods(path));
  });
}

function methodsAt(path: string, addresses: readonly Address[]): readonly string[] {
  const matching = addresses.filter(({ pattern }) => pattern.test(path));
  const taking = matching.filter(one => !matching.some(other => hides(other, one)));
  return [...new Set(taking.flatMap(({ methods }) => [...methods]))];
}

function addressOf(url: string): Address {
  const pattern = new RegExp(
    `^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replace(/:\w+/g, '[^/]+')}$`,
  );
  return { segments: url.split('/'), pattern, methods: new Set() };
}

/** Whether some path is meant by both and the router would rather take the first: fixed where the other has a parameter. */
function hides({ segments: one }: Address, { segments: other }: Address): boolean {
  if (one.length !== other.length) return false;
  if (!one.every((segment, at) => segment === other[at] || isOpen(segment) || isOpen(other[at])))
    return false;
  const at = one.findIndex((segment, index) => isOpen(segment) !== isOpen(other[index]));
  return at >= 0 && isOpen(other[at]);
}

function isOpen(segment = ''): boolean {
  return segment.startsWith(':') || segment === '*';
}

/** As the router reads it, which has refused what cannot be decoded unless it gave up before. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}
