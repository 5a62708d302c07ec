import { approvalRoutes } from '../approvals/approvals.routes.ts';
import { auditRoutes } from '../audit/audit.routes.ts';
import { changeRoutes } from '../changes/changes.routes.ts';
import { delegationRoutes } from '../delegations/delegations.routes.ts';
import { deploymentRoutes } from '../deployments/deployments.routes.ts';
import { eventRoutes } from '../events/events.routes.ts';
import { healthRoutes } from '../health/health.routes.ts';
import { whoamiRoutes } from '../identity/whoami.routes.ts';
import { keyRoutes } from '../keys/keys.routes.ts';
import { kindRoutes } from '../kinds/kinds.routes.ts';
import { memberRoutes } from '../members/members.routes.ts';
import { operationRoutes } from '../operations/operations.routes.ts';
import { judgementRoutes } from '../policies/judgements.routes.ts';
import { policyRoutes } from '../policies/policies.routes.ts';
import { projectRoutes } from '../projects/projects.routes.ts';
import { runtimeRoutes } from '../runtimes/runtimes.routes.ts';
import { tenantRoutes } from '../tenants/tenants.routes.ts';
import type { Route } from './route.ts';

/** Every route of the API, in the order the document shows them. */
export const ROUTES: readonly Route[] = [
  ...runtimeRoutes,
  ...kindRoutes,
  ...changeRoutes,
  ...deploymentRoutes,
  ...operationRoutes,
  ...approvalRoutes,
  ...delegationRoutes,
  ...eventRoutes,
  ...policyRoutes,
  ...judgementRoutes,
  ...tenantRoutes,
  ...projectRoutes,
  ...memberRoutes,
  ...whoamiRoutes,
  ...keyRoutes,
  ...auditRoutes,
  ...healthRoutes,
];
