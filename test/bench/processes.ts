import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

interface Usage {
  readonly parent: number;
  /** CPU seconds of the process itself. */
  readonly own: number;
  /** CPU seconds of its children that have ended and been waited for. */
  readonly endedChildren: number;
}

/**
 * CPU seconds of processes, named, with everything they have started. Those in `starters` are told apart from the
 * programs they start and wait for, which are called `<name>: children`.
 */
export function cpuByName(
  pids: Readonly<Record<string, number>>,
  starters: ReadonlySet<string>,
): Readonly<Record<string, number>> {
  const usages = readUsages();
  const cpu: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    const usage = usages.get(pid);
    if (usage === undefined) throw new Error(`${name}, process ${pid}, has ended while it was measured.`);
    if (starters.has(name)) {
      cpu[name] = usage.own;
      cpu[`${name}: children`] = usage.endedChildren;
    } else {
      cpu[name] = usage.own + usage.endedChildren + ofLivingDescendants(pid, usages);
    }
  }
  return cpu;
}

function ofLivingDescendants(pid: number, usages: ReadonlyMap<number, Usage>): number {
  let sum = 0;
  for (const [child, usage] of usages) {
    if (usage.parent === pid) sum += usage.own + usage.endedChildren + ofLivingDescendants(child, usages);
  }
  return sum;
}

// proc_pid_stat(5): clock ticks of 10 ms; the program's name, in brackets, may itself hold spaces and brackets.
function readUsages(): ReadonlyMap<number, Usage> {
  const usages = new Map<number, Usage>();
  for (const pid of readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))) {
    const stat = readStat(pid);
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = (index: number) => Number(fields[index] ?? 0) / TICKS_PER_SECOND;
    usages.set(Number(pid), {
      parent: Number(fields[1]),
      own: ticks(11) + ticks(12),
      endedChildren: ticks(13) + ticks(14),
    });
  }
  return usages;
}

function readStat(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined; // ended since the folder was read
    throw error;
  }
}
