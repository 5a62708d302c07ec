import type { OurDeploy } from './our-side.ts';
import type { World } from './world.ts';

/** One step of a workflow as its history tells it, in milliseconds since the workflow began. */
export interface Step {
  readonly name: string;
  readonly scheduledMs: number;
  /** When a worker took it; the same as scheduled for what needs no worker. */
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface History {
  readonly events: number;
  readonly steps: readonly Step[];
}

type HistoryEvents = NonNullable<
  Awaited<ReturnType<ReturnType<World['temporal']['workflow']['getHandle']>['fetchHistory']>>['events']
>;
type HistoryEvent = HistoryEvents[number];

/** Reads how long the histories of deploys are, and their activities and workflow tasks. */
export function historiesOf(world: World, deploys: readonly OurDeploy[]): Promise<History[]> {
  return Promise.all(deploys.map(deploy => historyOf(world, deploy)));
}

async function historyOf({ temporal }: World, { operation }: OurDeploy): Promise<History> {
  const { workflow_id: workflowId, run_id: runId } = operation.workflow;
  const handle = temporal.workflow.getHandle(workflowId, runId);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  const begun = timeOf(events[0]);
  const at = (event: HistoryEvent | undefined) => timeOf(event) - begun;
  return { events: events.length, steps: [...activities(events, at), ...workflowTasks(events, at)] };
}

type Clock = (event: HistoryEvent | undefined) => number;

function activities(events: HistoryEvents, at: Clock): Step[] {
  const byId = new Map(events.map(event => [String(event.eventId), event]));
  return events.flatMap(event => {
    const ended = event.activityTaskCompletedEventAttributes;
    if (!ended) return [];
    const scheduled = byId.get(String(ended.scheduledEventId));
    const name = scheduled?.activityTaskScheduledEventAttributes?.activityType?.name ?? 'unknown';
    const started = byId.get(String(ended.startedEventId));
    return [{ name, scheduledMs: at(scheduled), startedMs: at(started), endedMs: at(event) }];
  });
}

/** Named by their place: the second workflow task does the same in every deploy. */
function workflowTasks(events: HistoryEvents, at: Clock): Step[] {
  const byId = new Map(events.map(event => [String(event.eventId), event]));
  return events
    .filter(event => event.workflowTaskCompletedEventAttributes)
    .map((event, index) => {
      const { scheduledEventId, startedEventId } = event.workflowTaskCompletedEventAttributes ?? {};
      return {
        name: `workflow task ${index + 1}`,
        scheduledMs: at(byId.get(String(scheduledEventId))),
        startedMs: at(byId.get(String(startedEventId))),
        endedMs: at(event),
      };
    });
}

function timeOf(event: HistoryEvent | undefined): number {
  const time = event?.eventTime;
  return Number(time?.seconds ?? 0) * 1000 + Number(time?.nanos ?? 0) / 1e6;
}
