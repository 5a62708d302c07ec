import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));

/** Where the history of a scenario is saved; its name is `<workflow>.<how it goes>`. */
export function historyFile(name: string): string {
  return `${FOLDER}${name}.json`;
}

/** The names of all saved histories. */
export function savedHistories(): string[] {
  return readdirSync(FOLDER).map(file => file.replace(/\.json$/, ''));
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
