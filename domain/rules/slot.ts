/** The namespace of a tenant's project. Neither name may hold a doubled hyphen, so no two pairs meet in one namespace. */
export function namespaceOf(tenantId: string, project: string): string {
  return `rtai-${tenantId}--${project}`;
}
