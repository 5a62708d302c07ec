import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll } from './leftovers.ts';
import { reportTo } from './screen.ts';
import { stopOnSignals } from './signals.ts';
import { simulatedScheduling } from './simulated-nodes.ts';
import { playStory } from './story.ts';
import { type System, startSystem } from './system.ts';

/** Plays the story on throw-away data: on the real node where there can be one, then on simulated nodes. */
const dataDir = mkdtempSync(join(tmpdir(), 'runtimeai-demo-'));
const stopping = stopOnSignals(() => killAll(dataDir));
try {
  await demo();
  rmSync(dataDir, { recursive: true, force: true });
  console.log('\nthe story went as told');
} catch (error) {
  console.error(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  console.error(`the logs are in ${join(dataDir, 'logs')}`);
  process.exitCode = 1;
}
process.exit();

async function demo(): Promise<void> {
  const system = await startSystem({
    dataDir,
    nodes: 'auto',
    fresh: false,
    report: reportTo(console.log),
    signal: stopping.signal,
  });
  try {
    console.log(`  nodes: ${system.nodesInWords}\n`);
    if (system.realNode) {
      await play(system, { runtimeName: 'support-agent', realNode: true });
      await system.services.replace('cluster', {
        more: { RUNTIMEAI_AGENT_SCHEDULING: JSON.stringify(simulatedScheduling) },
      });
      console.log('\nthe same on simulated nodes');
    }
    await play(system, { runtimeName: 'simulated-agent', realNode: false });
  } finally {
    await system.stop();
  }
}

function play(system: System, which: { runtimeName: string; realNode: boolean }): Promise<unknown> {
  return playStory({
    ...which,
    apiUrl: system.services.apiUrl,
    developerKey: system.keys.developer,
    approverKey: system.keys.approver,
    say: console.log,
    signal: stopping.signal,
  });
}
