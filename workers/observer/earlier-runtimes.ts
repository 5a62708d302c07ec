import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Database } from '../../db/database.ts';
import { listWatchedRuntimes, type WatchedRuntime } from '../../db/health.ts';
import { TENANT_LABEL } from '../../domain/rules/labels.ts';

/** A runtime an earlier observer has seen, and whose it is. */
export interface EarlierRuntime {
  readonly tenantId: string;
  readonly runtime: WatchedRuntime;
}

/**
 * The runtimes of which an earlier observer wrote something. The tenants are read from the namespaces of the cluster,
 * because row-level security shows nobody all tenants at once.
 */
export async function readEarlierRuntimes(
  kubernetes: KubernetesClient,
  db: Database,
): Promise<readonly EarlierRuntime[]> {
  const namespaces = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Namespace',
    labelSelector: TENANT_LABEL,
  });
  const tenants = new Set(namespaces.map(namespace => namespace.metadata.labels?.[TENANT_LABEL] ?? ''));
  const earlier: EarlierRuntime[] = [];
  for (const tenantId of tenants)
    for (const runtime of await listWatchedRuntimes(db.forTenant(tenantId)))
      if (runtime.kept !== undefined) earlier.push({ tenantId, runtime });
  return earlier;
}
