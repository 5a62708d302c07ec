import type { History, Step } from './history.ts';
import { table } from './markdown.ts';
import { median } from './statistics.ts';

/** The steps of several deploys, each with the medians of its times in milliseconds since the workflow began. */
export function timeline(histories: readonly History[]): readonly string[] {
  const names = [...new Set(histories.flatMap(({ steps }) => steps.map(({ name }) => name)))];
  const rows = names.map(name => {
    const steps = histories.flatMap(({ steps }) => steps.filter(step => step.name === name));
    const of = (pick: (step: Step) => number) => median(steps.map(pick));
    return {
      begins: of(step => step.scheduledMs),
      cells: [
        name,
        of(step => step.scheduledMs).toFixed(0),
        of(step => step.startedMs - step.scheduledMs).toFixed(1),
        of(step => step.endedMs - step.startedMs).toFixed(1),
        of(step => step.endedMs).toFixed(0),
      ],
    };
  });
  rows.sort((one, other) => one.begins - other.begins);
  return table(
    ['step', 'begins', 'waits for a worker', 'takes', 'ends'],
    rows.map(({ cells }) => cells),
  );
}
