import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Database } from '../../db/database.ts';
import { listKeptFacts } from '../../db/health.ts';
import type { WorkloadFacts } from '../../domain/health.ts';
import { TENANT_LABEL } from '../../domain/rules/labels.ts';

/**
 * What earlier observers kept of runtimes they could still see. The tenants are read from the namespaces of the
 * cluster, because row-level security shows nobody all tenants at once.
 */
export async function readEarlierHealth(
  kubernetes: KubernetesClient,
  db: Database,
): Promise<readonly WorkloadFacts[]> {
  const namespaces = await kubernetes.list({
    apiVersion: 'v1',
    kind: 'Namespace',
    labelSelector: TENANT_LABEL,
  });
  const tenants = new Set(namespaces.map(namespace => namespace.metadata.labels?.[TENANT_LABEL] ?? ''));
  const kept: WorkloadFacts[] = [];
  for (const tenant of tenants) kept.push(...(await listKeptFacts(db.forTenant(tenant))));
  return kept;
}
