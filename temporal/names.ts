import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** `control`: workflows and their records. `cluster`: Helm and Kubernetes. `observer`: answers from the watch. */
export const TASK_QUEUES = { control: 'control', cluster: 'cluster', observer: 'observer' } as const;

/** The workflow id is the lock: one running operation per runtime. */
export function runtimeWorkflowId(runtimeId: string): string {
  return `runtime/${runtimeId}`;
}

export const SEARCH_ATTRIBUTES = {
  tenant: defineSearchAttributeKey('RuntimeaiTenant', SearchAttributeType.KEYWORD),
  runtime: defineSearchAttributeKey('RuntimeaiRuntime', SearchAttributeType.KEYWORD),
  operation: defineSearchAttributeKey('RuntimeaiOperation', SearchAttributeType.KEYWORD),
  environment: defineSearchAttributeKey('RuntimeaiEnvironment', SearchAttributeType.KEYWORD),
} as const;
