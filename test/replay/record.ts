import { writeFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startDevelopmentServer } from '../temporal-server.ts';
import { bundleForTests } from '../workflows/bundle.ts';
import { ControlPlane } from '../workflows/control-plane.ts';
import { historyFile } from './histories.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/**
 * Plays every scenario on a development server and saves its history. Names on the command line record only those.
 * Record again only when a workflow has changed on purpose and no run of the old shape can still be open.
 */
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !(name in SCENARIOS));
if (unknown.length > 0)
  throw new Error(
    `no scenario is called ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`,
  );

const plane = await ControlPlane.start({
  env: await startDevelopmentServer(),
  workflowBundle: { code: await bundleForTests() },
});
try {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(name, scenario);
  }
} finally {
  await plane.endAll();
  await plane.stop();
}

async function record(name: string, scenario: Scenario): Promise<void> {
  const deploy = await scenario.play(plane);
  const ended = scenario.ends === 'open' ? 'open' : (await deploy.result()).outcome;
  if (ended !== scenario.ends) throw new Error(`${name} ended as ${ended}, not as ${scenario.ends}`);
  const history = JSON.parse(historyToJSON(await deploy.handle().fetchHistory()));
  await writeFile(historyFile(name), `${JSON.stringify(history, withoutStackTraces, 1)}\n`);
  console.log(`${name}: ${history.events.length} events`);
}

/** They name files of the machine that recorded, and replay does not look at them. */
function withoutStackTraces(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? '' : value;
}
