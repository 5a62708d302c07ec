import { writeFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startDevelopmentServer } from '../temporal-server.ts';
import { bundleForTests } from '../workflows/bundle.ts';
import { ControlPlane } from '../workflows/control-plane.ts';
import { historyFile } from './histories.ts';
import { SCENARIOS_BY_HISTORY, type Scenario } from './scenarios.ts';

/**
 * Plays every scenario on a development server and saves its history. Names on the command line, each that of a history or of a workflow, record only those.
 * Record again only when a workflow has changed on purpose and no run of the old shape can still be open.
 */
const wanted = process.argv.slice(2);
const isMeant = (wish: string, name: string) => name === wish || name.startsWith(`${wish}.`);
const names = Object.keys(SCENARIOS_BY_HISTORY);
const unknown = wanted.filter(wish => !names.some(name => isMeant(wish, name)));
if (unknown.length > 0)
  throw new Error(`no scenario is called ${unknown.join(', ')}; there are ${names.join(', ')}`);

const plane = await ControlPlane.start({
  env: await startDevelopmentServer(),
  workflowBundle: { code: await bundleForTests() },
});
try {
  for (const [name, scenario] of Object.entries(SCENARIOS_BY_HISTORY)) {
    if (wanted.length === 0 || wanted.some(wish => isMeant(wish, name))) await record(name, scenario);
  }
} finally {
  await plane.endAll();
  await plane.stop();
}

async function record(name: string, scenario: Scenario): Promise<void> {
  const run = await scenario.play(plane);
  const ended = scenario.ends === 'open' ? 'open' : (await run.result()).outcome;
  if (ended !== scenario.ends) throw new Error(`${name} ended as ${ended}, not as ${scenario.ends}`);
  const history = JSON.parse(historyToJSON(await run.handle().fetchHistory()));
  await writeFile(historyFile(name), `${JSON.stringify(history, withoutStackTraces, 1)}\n`);
  console.log(`${name}: ${history.events.length} events`);
}

/** They name files of the machine that recorded, and replay does not look at them. */
function withoutStackTraces(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? '' : value;
}
