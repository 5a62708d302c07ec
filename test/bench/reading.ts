import { measureObserverMemory } from './observer-memory.ts';
import type { Plan, Subject } from './plan.ts';
import type { ReadResults } from './read-results.ts';
import { measureReads } from './reads.ts';
import { measureStatus } from './status.ts';
import { measureSubscriptions } from './subscriptions.ts';
import { bringUpWorkloads } from './workloads.ts';
import type { World } from './world.ts';

const READ = ['reads', 'status', 'events'] as const satisfies readonly Subject[];
const RUNTIMES = 50;

/** Measures what the plan wants of reading, on runtimes of its own. */
export async function measureReading(
  world: World,
  { plan, say }: { plan: Plan; say: (line: string) => void },
): Promise<ReadResults> {
  const wants = (subject: Subject) => plan.subjects.has(subject);
  const { reads: rounds, seconds, pods } = plan;
  const runtimeIds = READ.some(wants) ? await bringUpRead(world) : [];
  return {
    ...(wants('reads') && { reads: await measureReads(world, { runtimeIds, rounds, say }) }),
    ...(wants('status') && { status: await measureStatus(world, { runtimeIds, seconds, say }) }),
    ...(wants('events') && { events: await measureSubscriptions(world, { runtimeIds, seconds, say }) }),
    ...(wants('memory') && { memory: await measureObserverMemory(world, { pods, say }) }),
  };
}

function bringUpRead(world: World): Promise<readonly string[]> {
  return bringUpWorkloads(world, {
    namespace: 'reading',
    runtimes: RUNTIMES,
    podsEach: 2,
    say: () => undefined,
  });
}
