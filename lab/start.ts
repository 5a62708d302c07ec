import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { NodeChoice } from './cluster.ts';
import { killAll } from './leftovers.ts';
import { checkOwnCluster } from './own-cluster.ts';
import { repositoryRoot } from './root.ts';
import { reportTo } from './screen.ts';
import { stopOnSignals } from './signals.ts';
import { playStory, type StoryResult } from './story.ts';
import { type System, startSystem } from './system.ts';

interface StartOptions {
  data: string;
  fresh: boolean;
  nodes: NodeChoice;
  kubeconfig?: string;
  context?: string;
  story?: boolean;
}

const program = new Command('npm start --')
  .description(
    'Brings up RuntimeAI with everything it runs on, plays a short story on it, and stays up until Ctrl-C.',
  )
  .option('--fresh', 'throw kept data away and begin anew', false)
  .option('--data <dir>', 'where data are kept', join(repositoryRoot(), '.runtimeai'))
  .addOption(
    new Option('--nodes <kind>', 'where agents run').choices(['auto', 'real', 'simulated']).default('auto'),
  )
  .option('--kubeconfig <file>', 'use this cluster and no other; needs --context')
  .option('--context <name>', 'context within that kubeconfig')
  .option('--story', 'play the story also on a cluster of your own (its nodes must have the sample image)')
  .option('--no-story', 'only bring everything up');

const options = program.parse().opts<StartOptions>();
const stopping = stopOnSignals(() => killAll(resolve(options.data)));
try {
  await start(options);
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
process.exit();

async function start(options: StartOptions): Promise<void> {
  const startedAt = performance.now();
  const ownCluster = clusterOf(options);
  if (ownCluster) await checkOwnCluster(ownCluster);
  console.log(`RuntimeAI starts; data in ${options.data}`);
  const system = await startSystem({
    dataDir: options.data,
    nodes: options.nodes,
    fresh: options.fresh,
    ...(ownCluster ? { ownCluster } : {}),
    report: reportTo(console.log),
    signal: stopping.signal,
  });
  let kinds: Promise<void> | undefined;
  try {
    console.log(`  nodes: ${system.nodesInWords}`);
    console.log(`everything is up after ${elapsed(startedAt)}\n`);
    const wantsStory = options.story ?? ownCluster === undefined;
    showWhereToLook(system, wantsStory ? await told(system) : undefined);
    console.log(`\nUp for ${elapsed(startedAt)}; Ctrl-C stops everything and keeps the data.`);
    kinds = addKinds(system);
    await stopping.requested;
  } finally {
    console.log('\nstopping …');
    await kinds;
    await system.stop();
    console.log('stopped; nothing is left running');
  }
}

/** In the background: whoever came for agents has them already. */
async function addKinds({ startKinds, services }: System): Promise<void> {
  if (!startKinds || stopping.signal.aborted) return;
  console.log('\nIn the background, what sandboxes, virtual clusters and virtual machines need:');
  const troubles = await startKinds();
  if (stopping.signal.aborted) return;
  const lacking = troubles.length > 0 ? `, without ${troubles.map(({ part }) => part).join(', ')}` : '';
  console.log(
    `  done${lacking}; within half a minute ${services.apiUrl}/v1/runtime-kinds says what can be made`,
  );
}

/** A story that does not go as told leaves everything up: what it ran into is there to be looked at. */
async function told(system: System): Promise<StoryResult | undefined> {
  try {
    return await play(system);
  } catch (error) {
    stopping.signal.throwIfAborted();
    console.log(`\nthe story did not go as told: ${error instanceof Error ? error.message : String(error)}`);
    console.log(`the logs are in ${join(options.data, 'logs')}; npm start -- --no-story starts without it`);
    return undefined;
  }
}

async function play(system: System): Promise<StoryResult> {
  return playStory({
    apiUrl: system.services.apiUrl,
    developerKey: system.keys.developer,
    approverKey: system.keys.approver,
    runtimeName: 'support-agent',
    realNode: system.realNode,
    say: console.log,
    signal: stopping.signal,
  });
}

function clusterOf({
  kubeconfig,
  context,
}: StartOptions): { kubeconfig: string; context: string } | undefined {
  if (kubeconfig === undefined && context === undefined) return undefined;
  if (!kubeconfig || !context) return program.error('--kubeconfig and --context belong together: name both');
  if (!existsSync(kubeconfig)) return program.error(`there is no kubeconfig at ${kubeconfig}`);
  return { kubeconfig, context };
}

function showWhereToLook(system: System, story: StoryResult | undefined): void {
  const { services, keys, temporalUiUrl, kubeconfig, databaseOwnerFile, devIssuerKeyFile } = system;
  const { apiUrl } = services;
  const runtime = story?.runtimeId ?? 'RUNTIME_ID';
  const bearer = `-H 'Authorization: Bearer ${keys.developer}'`;
  console.log(`
Where to look
  API             ${apiUrl}/v1/health
  API reference   ${apiUrl}/v1/reference
  Temporal        ${story?.rolledBack.workflow.url ?? temporalUiUrl}
                  its tab "User Metadata" tells what happened in words
  Kubernetes      ${kubeconfig.path} (context ${kubeconfig.context})
  sample key      ${keys.developer}   (tenant acme, role developer: deploys)
  approver’s key  ${keys.approver}   (tenant acme, role operator: approves)
  admin           RUNTIMEAI_DATABASE_OWNER_URL=$(cat ${databaseOwnerFile}) npm run admin -- --help
  access token    RUNTIMEAI_DEV_ISSUER_KEY_FILE=${devIssuerKeyFile} npm run admin -- token --tenant acme --name ada --role developer

Try next
  curl -s ${apiUrl}/v1/runtimes/${runtime}/status ${bearer}
  curl -s ${apiUrl}/v1/runtimes/${runtime}/events ${bearer}
  curl -s ${apiUrl}/v1/operations/${story?.rolledBack.id ?? 'OPERATION_ID'} ${bearer}`);
}

function elapsed(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
