import { Deployment } from '../../domain/deployment.ts';
import { pageOf } from '../http/paging.ts';

/** A deployment as lists show it: without plan and evidence, which may be large. */
export const DeploymentLine = Deployment.omit({ plan: true, evidence: true }).meta({ id: 'DeploymentLine' });

export const DeploymentListResponse = pageOf(DeploymentLine, 'DeploymentListResponse');
