import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));

/** Where the history of a scenario is saved. */
export function historyFile(name: string): string {
  return `${FOLDER}deploy-runtime.${name}.json`;
}

/** The names of all saved histories. */
export function savedHistories(): string[] {
  return readdirSync(FOLDER).flatMap(file => /^deploy-runtime\.(.+)\.json$/.exec(file)?.[1] ?? []);
}

/** A saved history as Temporal's JSON. */
export function readHistory(name: string): SavedHistory {
  return JSON.parse(readFileSync(historyFile(name), 'utf8'));
}

export interface SavedHistory {
  readonly events: {
    readonly eventType: string;
    readonly activityTaskScheduledEventAttributes?: { activityType: { name: string } };
    readonly workflowExecutionCompletedEventAttributes?: { result: { payloads: { data: string }[] } };
  }[];
}
