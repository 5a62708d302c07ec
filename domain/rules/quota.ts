import type { AgentConfig } from '../agent-config.ts';
import type { SlotQuota } from '../tenant.ts';

/** What a runtime, or all runtimes of a project together, may hold at most: with as many replicas as it may scale to. */
export interface Reservation {
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  readonly pods: number;
}

/** The most an agent may come to hold: its largest number of replicas times what each requests. */
export function reservationOf(
  agent: Pick<AgentConfig, 'replicas' | 'auto_scaling' | 'resources'>,
): Reservation {
  const pods = agent.auto_scaling?.max_replicas ?? agent.replicas;
  return {
    cpuMilli: pods * cpuMilliOf(agent.resources.cpu),
    memoryMiB: pods * memoryMiBOf(agent.resources.memory),
    pods,
  };
}

/** Why the wanted reservation does not fit beside what the project's other runtimes hold, or nothing when it does. */
export function exceededQuota({
  quota,
  used,
  wanted,
}: {
  quota: SlotQuota;
  used: Reservation;
  wanted: Reservation;
}): string | undefined {
  const lines = [
    tooMuch({ what: 'pods', wanted: wanted.pods, used: used.pods, limit: quota.pods }),
    tooMuch({
      what: 'CPU cores',
      wanted: wanted.cpuMilli / 1000,
      used: used.cpuMilli / 1000,
      limit: quota.cpu,
    }),
    tooMuch({
      what: 'MiB of memory',
      wanted: wanted.memoryMiB,
      used: used.memoryMiB,
      limit: quota.memoryMiB,
    }),
  ].filter(line => line !== undefined);
  return lines.length === 0 ? undefined : lines.join('; ');
}

/** Millicores of a CPU quantity such as `250m` or `0.5`. */
export function cpuMilliOf(quantity: string): number {
  return Math.round(quantity.endsWith('m') ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000);
}

/** Mebibytes of a memory quantity such as `256Mi` or `2Gi`. */
export function memoryMiBOf(quantity: string): number {
  return Number.parseInt(quantity, 10) * (quantity.endsWith('Gi') ? 1024 : 1);
}

function tooMuch(sum: { what: string; wanted: number; used: number; limit: number }): string | undefined {
  const { what, wanted, used, limit } = sum;
  if (wanted + used <= limit) return undefined;
  return `${wanted} ${what} asked for, ${Math.max(0, limit - used)} left (quota ${limit}, other runtimes hold ${used})`;
}
