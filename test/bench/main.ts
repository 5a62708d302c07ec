import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/root.ts';
import { reportTo } from '../../lab/screen.ts';
import { stopOnSignals } from '../../lab/signals.ts';
import { measureAudit } from './audit.ts';
import { measureAuthentication } from './authentication.ts';
import { measureCosts } from './costs.ts';
import { measureDeployLatency } from './deploy-latency.ts';
import { measureDeployRate } from './deploy-rate.ts';
import { describeHost, describeMachine } from './machine.ts';
import { measureOperationStart } from './operation-start.ts';
import { type Plan, readPlan, type Subject } from './plan.ts';
import { measurePolicyCheck } from './policies.ts';
import { measureReading } from './reading.ts';
import { type Report, reportOf } from './report.ts';
import { startWorld, type World } from './world.ts';

/** Measures RuntimeAI beside what it is built on, both in one run on one machine, and prints or writes the result. */
const MARK = '<!-- What follows is written by `npm run bench -- --write`. -->';
const DEPLOYS = ['latency', 'start', 'costs', 'rate'] as const satisfies readonly Subject[];
const ALONE: readonly Subject[] = ['policies', 'authentication', 'audit'];
const stopping = stopOnSignals();
try {
  const plan = readPlan();
  const report = await bench(
    plan,
    process.argv
      .slice(2)
      .filter(each => each !== '--write')
      .join(' '),
  );
  const text = reportOf(report);
  console.log(`\n${text}`);
  if (plan.write) write(text);
} catch (error) {
  console.error(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();

async function bench(plan: Plan, flags: string): Promise<Report> {
  const date = new Date().toISOString().slice(0, 10);
  const alone = await measureAlone(plan);
  const others = [...plan.subjects].filter(subject => !ALONE.includes(subject));
  if (others.length === 0) return { date, flags, machine: describeHost(), ...alone };
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(plan.minutes * 60_000)]);
  const world = await startWorld({ report: reportTo(console.log), signal });
  try {
    const machine = await describeMachine(world);
    if (DEPLOYS.some(subject => plan.subjects.has(subject))) await warmUp(world);
    return { date, flags, machine, ...alone, ...(await measure(world, plan)) };
  } finally {
    await world.stop();
  }
}

/** What needs this process and at most a database; measured before anything else runs. */
async function measureAlone({
  subjects,
  checks,
  seconds,
}: Plan): Promise<Pick<Report, 'policies' | 'authentication' | 'audit'>> {
  return {
    ...(subjects.has('policies') && { policies: measurePolicyCheck({ checks, say }) }),
    ...(subjects.has('authentication') && { authentication: await measureAuthentication(say) }),
    ...(subjects.has('audit') && { audit: await measureAudit({ seconds, say }) }),
  };
}

function say(line: string): void {
  console.log(`  ${new Date().toISOString().slice(11, 19)} ${line}`);
}

/** Namespaces, caches and compiled code: what only the first deploy of a system pays, on either side. */
async function warmUp(world: World): Promise<void> {
  for (const name of ['warm-up-1', 'warm-up-2']) {
    const { runtimeId } = await world.ours.install(name);
    await world.helm.upgradeInstall(name, '1.0.0');
    await world.ours.upgrade(runtimeId, '1.1.0');
    await world.helm.upgradeInstall(name, '1.1.0');
  }
}

async function measure(world: World, plan: Plan): Promise<Pick<Report, Subject>> {
  const wants = (subject: Subject) => plan.subjects.has(subject);
  const { runs, rounds, deploys, starts, costs } = plan;
  return {
    ...(wants('latency') && { latency: await measureDeployLatency(world, { runs, say }) }),
    ...(wants('start') && { start: await measureOperationStart(world, { runs: starts, say }) }),
    ...(wants('costs') && { costs: await measureCosts(world, { deploys: costs, say }) }),
    ...(wants('rate') && {
      rate: await measureDeployRate(world, { rounds, perRound: deploys, atOnce: 10, say }),
    }),
    ...(await measureReading(world, { plan, say })),
  };
}

/** What is above the mark was written by people and stays. */
function write(text: string): void {
  const path = join(repositoryRoot(), 'docs', 'performance.md');
  const [byPeople] = readFileSync(path, 'utf8').split(MARK);
  writeFileSync(path, `${byPeople}${MARK}\n\n${text}`);
  console.log(`written to ${path}`);
}
