import { fieldsOf, listOf, textOf } from './objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The status of every container of a pod, init containers first. */
export function containersOf(status: Fields): readonly Fields[] {
  return [...listOf(status['initContainerStatuses']), ...listOf(status['containerStatuses'])];
}

/** The condition of this type in the status of a pod or a Deployment. */
export function conditionOf(status: Fields, type: string): Fields | undefined {
  return listOf(status['conditions']).find(condition => condition['type'] === type);
}

/** What the first container of a pod waits for beyond its ordinary way up, or why the pod is on no node. */
export function waitingOf(status: Fields): { reason: string; message: string } | undefined {
  const waits = containersOf(status).map(container => fieldsOf(fieldsOf(container['state'])['waiting']));
  const scheduled = conditionOf(status, 'PodScheduled');
  const unscheduled = scheduled?.['status'] === 'False' ? scheduled : undefined;
  const found = waits.find(wait => !ORDINARY_WAITS.includes(textOf(wait['reason']))) ?? unscheduled;
  return found && { reason: textOf(found['reason']), message: textOf(found['message']) };
}

const ORDINARY_WAITS = ['', 'ContainerCreating', 'PodInitializing'];

/** Every end of a container that went wrong, of this instance and the one before it. */
export function badEndsOf(status: Fields): readonly Fields[] {
  return containersOf(status)
    .flatMap(container => [fieldsOf(container['state']), fieldsOf(container['lastState'])])
    .map(state => fieldsOf(state['terminated']))
    .filter(end => typeof end['exitCode'] === 'number' && end['exitCode'] !== 0);
}
