import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

/** One process of the lab, as it was started. */
export interface ProcessRecord extends ProcessIdentity {
  name: string;
  startedAt: string;
}

/** Everything a later start, `status` or `down` has to know about a lab. */
export interface LabState {
  supervisor?: ProcessIdentity;
  phase: 'starting' | 'up' | 'stopping' | 'down';
  ports: Record<string, number>;
  processes: ProcessRecord[];
  network?: { bridge: string; subnet: string };
}

/** The state of one data directory; every change is on disk before the call returns. */
export interface StateFile {
  read(): LabState;
  update(change: (state: LabState) => void): void;
}

/** A state file that cannot be read as one. */
export class DamagedState extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Opens the state kept in a data directory. */
export function openState(dataDir: string): StateFile {
  const path = join(dataDir, 'lab-state.json');
  const state = load(path);
  return {
    read: () => state,
    update(change) {
      change(state);
      mkdirSync(dirname(path), { recursive: true });
      const unfinished = `${path}.new`;
      writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`);
      renameSync(unfinished, path);
    },
  };
}

function load(path: string): LabState {
  const empty: LabState = { phase: 'down', ports: {}, processes: [] };
  if (!existsSync(path)) return empty;
  try {
    return { ...empty, ...JSON.parse(readFileSync(path, 'utf8')) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DamagedState(
      path,
      `Read ${path}: ${why}. Delete that file after ending what still runs, or start with --fresh.`,
    );
  }
}
