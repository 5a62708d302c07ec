import { ROUTES } from './routes.ts';

const IDS = new Map(
  ROUTES.map(({ method, path, operationId }) => [
    `${method.toUpperCase()} /v1${path.replace(/\{(\w+)\}/g, ':$1')}`,
    operationId,
  ]),
);

/** What the document calls the operation at a route as the server knows it, e.g. `GET /v1/policies/:policy_id`. */
export function operationIdOf(route: string): string | undefined {
  return IDS.get(route);
}
