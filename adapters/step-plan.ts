import { summarize } from '../clients/kubernetes/diff.ts';
import { wholeObject } from '../clients/kubernetes/diff-text.ts';
import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { StepPlan } from '../domain/change.ts';

/** One object of a plan, and what becomes of it. */
export type PlannedChange = StepPlan['changes'][number];

/** The plan of a step that makes these changes; `base` is the adapter's note to itself. */
export function planOf(changes: readonly PlannedChange[], base: StepPlan['base'] = {}): StepPlan {
  return { summary: summarize(changes), changes: [...changes], base };
}

/** An object that goes. */
export function removalOf(object: KubernetesObject): PlannedChange {
  const { kind, metadata } = object;
  return { kind, name: metadata.name, change: 'remove', diff: wholeObject('-', object) };
}
