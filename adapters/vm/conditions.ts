import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';

export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A condition of an object by its type, or nothing when it has none. */
export function conditionOf(object: KubernetesObject | undefined, type: string): Condition | undefined {
  const conditions = listOf(statusOf(object)['conditions']);
  const found = conditions.find(condition => condition['type'] === type);
  if (!found) return undefined;
  return {
    status: textOf(found['status']),
    reason: textOf(found['reason']),
    message: textOf(found['message']),
  };
}

/** Whether an object has the condition with status True. */
export function isTrue(object: KubernetesObject | undefined, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}

export function statusOf(object: KubernetesObject | undefined): Readonly<Record<string, unknown>> {
  return fieldsOf(object?.['status']);
}

export function specOf(object: KubernetesObject | undefined): Readonly<Record<string, unknown>> {
  return fieldsOf(object?.['spec']);
}

/** The reasons an object's conditions give for not being well, in one line. */
export function complaints(...objects: readonly (KubernetesObject | undefined)[]): string {
  const words = objects.flatMap(object =>
    listOf(statusOf(object)['conditions'])
      .filter(condition => isComplaint(textOf(condition['type']), textOf(condition['status'])))
      .map(condition => [condition['reason'], condition['message']].map(textOf).filter(Boolean).join(': ')),
  );
  return [...new Set(words.filter(Boolean))].join('; ');
}

/** `Failure` is bad when true, the others when false. */
function isComplaint(type: string, status: string): boolean {
  if (type === 'Failure' || type === 'RestartRequired') return status === 'True';
  return ['Synchronized', 'PodScheduled', 'Ready'].includes(type) && status === 'False';
}
