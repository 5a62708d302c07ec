import { fieldsOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Step } from '../../domain/change.ts';
import { RESTARTED_BY_ANNOTATION } from '../../domain/rules/labels.ts';
import { markOf } from '../../domain/rules/marks.ts';
import { running } from './awaited.ts';
import type { Tools } from './settings.ts';
import { change, replicasWhenRunning, workloadsOf } from './workloads.ts';

/** What `kubectl rollout restart` sets; nobody owns it afterwards, so that Helm's upgrades leave it. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** Replaces the pods of the control plane one after the other. */
export async function restart({ kubernetes }: Tools, step: Step): Promise<Begun> {
  const { controlPlane } = await workloadsOf(kubernetes, step.target);
  const template = fieldsOf(fieldsOf(controlPlane['spec'])['template']);
  const annotations = fieldsOf(fieldsOf(template['metadata'])['annotations']);
  const mark = markOf(step);
  const done = annotations[RESTARTED_BY_ANNOTATION] === mark;
  const restartedAt = done ? textOf(annotations[RESTARTED_AT]) : new Date().toISOString();
  await change(kubernetes, controlPlane, {
    annotations: {},
    spec: {
      template: {
        metadata: { annotations: { [RESTARTED_AT]: restartedAt, [RESTARTED_BY_ANNOTATION]: mark } },
      },
    },
  });
  return { awaiting: running(replicasWhenRunning(controlPlane)) };
}
