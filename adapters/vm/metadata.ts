import type { RuntimeTarget, Step } from '../../domain/change.ts';
import {
  OPERATION_ANNOTATION,
  PROJECT_LABEL,
  RUNTIME_LABEL,
  TENANT_LABEL,
} from '../../domain/rules/labels.ts';

/** Metadata of everything we make for a runtime: whose it is, and which operation wrote it. */
export function metadataOf({ target, operationId }: Step) {
  return {
    namespace: target.namespace,
    labels: labelsOf(target),
    annotations: { [OPERATION_ANNOTATION]: operationId },
  };
}

/** By which everything of a runtime is found again; the caller's own labels never replace ours. */
export function labelsOf(target: RuntimeTarget): Readonly<Record<string, string>> {
  return {
    ...target.labels,
    'app.kubernetes.io/managed-by': 'runtimeai',
    [RUNTIME_LABEL]: target.runtimeId,
    [TENANT_LABEL]: target.tenantId,
    [PROJECT_LABEL]: target.project,
  };
}

/** Selects everything of a runtime. */
export function selectorOf(target: RuntimeTarget): string {
  return `${RUNTIME_LABEL}=${target.runtimeId}`;
}
