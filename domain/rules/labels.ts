/** Labels by which our objects in the cluster are found again; the chart's `_labels.tpl` sets the same ones. */
export const RUNTIME_LABEL = 'runtimeai.dev/runtime';
export const TENANT_LABEL = 'runtimeai.dev/tenant';
export const PROJECT_LABEL = 'runtimeai.dev/project';
/** Only what the chart of an agent makes bears it. */
export const ENVIRONMENT_LABEL = 'runtimeai.dev/environment';

/** Annotation of a Deployment: the operation whose manifest it carries. */
export const OPERATION_ANNOTATION = 'runtimeai.dev/operation';

/** Annotation of a pod template: the step that restarted its pods last, which every later change keeps. */
export const RESTARTED_BY_ANNOTATION = 'runtimeai.dev/restarted-by';
