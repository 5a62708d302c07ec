import type { KubernetesConnection } from './connection.ts';
import { refused, unreachable } from './errors.ts';
import { call } from './http.ts';
import type { DeclaredKind } from './kinds.ts';
import { fieldsOf, type KindReference, listOf, textOf } from './objects.ts';

/** How the API server serves a kind; nothing when it does not, because what defines the kind is not installed. */
export async function findKind(
  connection: KubernetesConnection,
  {
    apiVersion,
    kind,
    signal,
  }: Pick<KindReference, 'apiVersion' | 'kind'> & { readonly signal?: AbortSignal },
): Promise<DeclaredKind | undefined> {
  const attempt = { what: `Asking whether ${apiVersion} has ${kind}`, server: connection.server };
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const answer = await call(connection, { method: 'GET', path, signal }).catch((error: unknown) => {
    throw unreachable(attempt, error);
  });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(attempt, answer);
  // Subresources are listed as well, under the kind they answer with: `sandboxes/status`.
  const found = listOf(fieldsOf(JSON.parse(answer.body))['resources']).find(
    resource => resource['kind'] === kind && !textOf(resource['name']).includes('/'),
  );
  return found && { apiVersion, kind, plural: textOf(found['name']), clusterWide: !found['namespaced'] };
}
