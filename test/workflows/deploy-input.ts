import type { Admission, AdmissionRefusal, DeployRuntimeInput } from '../../domain/deployment.ts';
import { newId } from '../../domain/ids.ts';
import { consentWanted, verdictOf } from '../builders/verdict.ts';

export type Accepted = Extract<Admission, { admitted: true }>;

export const developer = { id: 'prn_dev', name: 'dora', kind: 'human' } as const;
export const approver = { id: 'prn_apr', name: 'abel', kind: 'human' } as const;
export const secondApprover = { id: 'prn_two', name: 'berta', kind: 'human' } as const;
export const operator = { id: 'prn_ops', name: 'olga', kind: 'human' } as const;

/** A deploy that dora asks for, with a window that a test can wait out. */
export function deployInput(changes: Partial<DeployRuntimeInput> = {}): DeployRuntimeInput {
  return {
    operationId: newId('operation'),
    deploymentId: newId('deployment'),
    runtimeId: newId('runtime'),
    tenantId: 'acme',
    requester: developer,
    agent: {
      framework: { name: 'custom' },
      image: 'runtimeai.dev/sample-agent:1.0.0',
      resources: { cpu: '100m', memory: '128Mi' },
      replicas: 2,
      env: [],
      egress: 'restricted',
      exposure: 'private',
    },
    verification: { timeout_seconds: 0.3, soak_seconds: 0 },
    keepFailed: false,
    liftHold: false,
    ...changes,
  };
}

/** Let in, into an empty place. */
export function firstInstall(changes: Partial<Accepted> = {}): Accepted {
  return {
    admitted: true,
    target: {
      runtimeId: 'rt_target',
      runtimeName: 'support-agent',
      tenantId: 'acme',
      project: 'default',
      environment: 'development',
      namespace: 'rtai-acme--default',
      release: 'support-agent',
    },
    quota: { cpu: 8, memoryMiB: 16_384, pods: 40, storageGiB: 0 },
    policy: verdictOf(),
    knownRevision: 0,
    ...changes,
  };
}

/** Let in, over revision 4, which was verified. */
export function upgrade(changes: Partial<Accepted> = {}): Accepted {
  return firstInstall({
    knownRevision: 4,
    verified: { revision: 4, operationId: 'op_before', deploymentId: 'dep_before' },
    ...changes,
  });
}

/** Let in, but only when people agree. */
export function needsApproval(question: Parameters<typeof consentWanted>[0] = {}): Accepted {
  return upgrade({ policy: consentWanted(question) });
}

/** Not let in. */
export function refusal(code: AdmissionRefusal, reason: string): Admission {
  return { admitted: false, code, reason };
}
