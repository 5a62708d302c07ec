import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { Evidence, ReleaseTarget } from '../domain/deployment.ts';
import { RUNTIME_LABEL } from '../domain/rules/labels.ts';
import { beating } from './beating.ts';
import { collectFindings } from './evidence/findings.ts';
import { reasonInWords } from './evidence/reason.ts';
import { fitted } from './evidence/size.ts';
import { translating } from './failures.ts';

export interface EvidenceActivities {
  /** Keeps events, failed probes and last log lines of the runtime's pods with the deployment; answers the reason in one sentence. */
  collectEvidence(input: {
    readonly target: ReleaseTarget;
    readonly deploymentId: string;
    readonly reason: string;
  }): Promise<{ readonly reason: string }>;
}

export interface EvidenceDependencies {
  readonly kubernetes: Pick<KubernetesClient, 'get' | 'list' | 'readLog'>;
  readonly storeEvidence: (kept: {
    readonly tenantId: string;
    readonly deploymentId: string;
    readonly evidence: Evidence;
  }) => Promise<void>;
  readonly now?: () => Date;
}

/** Makes the activity that keeps what will be gone after the way back. */
export function createEvidenceActivities(dependencies: EvidenceDependencies): EvidenceActivities {
  return {
    collectEvidence: input => beating(() => translating(() => collectEvidence(dependencies, input))),
  };
}

async function collectEvidence(
  { kubernetes, storeEvidence, now = () => new Date() }: EvidenceDependencies,
  { target, deploymentId, reason }: Parameters<EvidenceActivities['collectEvidence']>[0],
): Promise<{ reason: string }> {
  const findings = await collectFindings(kubernetes, target);
  const words = reasonInWords(findings, reason);
  const evidence = fitted({
    collected_at: now().toISOString(),
    reason: words,
    events: findings.events,
    pods: findings.pods.map(pod => pod.evidence),
    see_more: `kubectl --namespace ${target.namespace} describe deployment,replicaset,pod --selector ${RUNTIME_LABEL}=${target.runtimeId}`,
  });
  await storeEvidence({ tenantId: target.tenantId, deploymentId, evidence });
  return { reason: words };
}
