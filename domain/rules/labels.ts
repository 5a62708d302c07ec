/** Labels by which our objects in the cluster are found again; the chart's `_labels.tpl` sets the same ones. */
export const RUNTIME_LABEL = 'runtimeai.dev/runtime';
export const TENANT_LABEL = 'runtimeai.dev/tenant';
export const PROJECT_LABEL = 'runtimeai.dev/project';

/** Annotation of a Deployment: the operation whose manifest it carries. */
export const OPERATION_ANNOTATION = 'runtimeai.dev/operation';

/** The mark of one step: its operation, and its index where it is not the first. Fits a label of Helm's storage. */
export function markOf({
  operationId,
  index,
}: {
  readonly operationId: string;
  readonly index: number;
}): string {
  return index === 0 ? operationId : `${operationId}.${index}`;
}
