/** Which pods a namespace lets in (Pod Security Standards). */
export type PodSecurity = 'restricted' | 'baseline' | 'privileged';

const SUFFIX: Readonly<Record<PodSecurity, string>> = { restricted: '', baseline: '--b', privileged: '--p' };

/**
 * The namespace of a tenant's project; kinds whose pods need more than `restricted` have one of their own beside it.
 * Neither name may hold a doubled hyphen, so no two meet in one namespace.
 */
export function namespaceOf(
  tenantId: string,
  project: string,
  podSecurity: PodSecurity = 'restricted',
): string {
  return `rtai-${tenantId}--${project}${SUFFIX[podSecurity]}`;
}
