import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one process for good: a pid alone may be given to another process, or mean another one on another machine. */
export interface ProcessMark {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of /proc/<pid>/stat (proc_pid_stat(5)). */
  readonly started: string;
  /** Boot and PID namespace the pid belongs to. */
  readonly where: string;
}

/** The mark of a process that was just started; nothing where the system does not tell (no /proc). */
export function markOf(pid: number): ProcessMark | undefined {
  const started = startOf(pid);
  const where = here();
  return started !== undefined && where !== undefined ? { pid, started, where } : undefined;
}

/** Whether the marked process still runs; `unknown` when it ran on another machine or in another PID namespace. */
export function isRunning(mark: ProcessMark): 'yes' | 'no' | 'unknown' {
  if (mark.where !== here()) return 'unknown';
  return startOf(mark.pid) === mark.started ? 'yes' : 'no';
}

/** Ends the marked process and its group at once, if it still is that process. */
export function killMarked(mark: ProcessMark): void {
  if (isRunning(mark) !== 'yes') return;
  try {
    process.kill(-mark.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Reads back a mark that went through JSON. */
export function asMark(value: unknown): ProcessMark | undefined {
  const mark = value as Partial<ProcessMark> | null | undefined;
  if (typeof mark?.pid !== 'number' || typeof mark.started !== 'string' || typeof mark.where !== 'string')
    return undefined;
  return { pid: mark.pid, started: mark.started, where: mark.where };
}

function startOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The program's name, in brackets, may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const dead = fields[0] === 'Z' || fields[0] === 'X';
  return dead ? undefined : fields[19];
}

function here(): string | undefined {
  const boot = readProc('/proc/sys/kernel/random/boot_id')?.trim();
  if (boot === undefined) return undefined;
  return `${hostname()}/${boot}/${readlinkSync('/proc/self/ns/pid')}`;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
