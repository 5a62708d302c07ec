import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { bringDown, bringUp } from './background.ts';
import type { NodeChoice } from './cluster.ts';
import { startLab } from './lab.ts';
import { type Progress, progressLine } from './progress.ts';
import { repositoryRoot } from './root.ts';
import { describeLab } from './status.ts';

interface UpOptions {
  data: string;
  nodes: NodeChoice;
  fresh?: boolean;
}

const program = new Command('lab').description('the parts RuntimeAI runs on, all on this machine');
const data = () =>
  new Option('--data <dir>', 'where data are kept')
    .default(join(repositoryRoot(), '.runtimeai'), '.runtimeai in the checkout')
    .argParser(value => resolve(value));
const nodes = () =>
  new Option('--nodes <kind>', 'where pods run').choices(['auto', 'real', 'simulated']).default('auto');
const say = (progress: Progress) => console.log(progressLine(progress));

program
  .command('up')
  .description('start it in the background and return when it is ready')
  .addOption(data())
  .addOption(nodes())
  .option('--fresh', 'throw the kept data away first')
  .action(async (options: UpOptions) => {
    await bringUp({ ...options, dataDir: options.data, fresh: options.fresh ?? false, report: say });
    console.log(describeLab(options.data));
  });

program
  .command('down')
  .description('stop it; the data are kept')
  .addOption(data())
  .action(async ({ data }: UpOptions) => console.log(await bringDown(data)));

program
  .command('status')
  .description('each part with its address, process and uptime')
  .addOption(data())
  .action(({ data }: UpOptions) => console.log(describeLab(data)));

program
  .command('run', { hidden: true })
  .description('start it in the foreground')
  .addOption(data())
  .addOption(nodes())
  .option('--fresh', 'throw the kept data away first')
  .action(runInForeground);

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function runInForeground(options: UpOptions): Promise<void> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stopping.abort(new Error('stopped before everything was up')));
  }
  // Whoever waits for the start hears each step; without anybody waiting it is the log.
  const report = (progress: Progress) => (process.connected ? process.send?.(progress) : say(progress));
  const lab = await startLab({ ...options, dataDir: options.data, report, signal: stopping.signal });
  if (process.connected) {
    process.send?.('up');
    process.disconnect();
  }
  if (!stopping.signal.aborted) {
    await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }));
  }
  await lab.stop();
}
