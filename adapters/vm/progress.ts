import { fieldsOf, type KubernetesObject, numberOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { Begun, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import type { Awaited } from './awaited.ts';
import { complaints, isTrue, specOf, statusOf } from './conditions.ts';
import { referenceTo } from './kinds.ts';
import { isOutdated, readMachine } from './machine.ts';
import { observeMigration } from './migration.ts';
import { observeRemoval } from './removal.ts';
import type { Tools, VmSettings } from './settings.ts';
import { observeSnapshot } from './snapshots.ts';
import { statusWord } from './status-words.ts';

/** How far what was begun has come. */
export async function observe(tools: Tools, { target }: Step, { awaiting }: Begun): Promise<Observation> {
  const awaited = awaiting as Awaited;
  switch (awaited.for) {
    case 'running':
    case 'stopped':
      return observePower(tools, target, awaited);
    case 'snapshot':
      return observeSnapshot(tools, target, awaited.name);
    case 'migration':
      return observeMigration(tools, target, awaited.name);
    case 'gone':
      return observeRemoval(tools.kubernetes, target);
    case 'removal': {
      const left = await tools.kubernetes.get(referenceTo(awaited.kind, target, awaited.name));
      if (left) return progressing(`${left.kind} ${awaited.name} is still there`);
      return { status: 'reached', message: `the ${awaited.kind} is taken back` };
    }
  }
}

/** How far a machine is on its way to running or to standing still. */
async function observePower(
  { kubernetes, settings }: Tools,
  target: RuntimeTarget,
  awaited: Running | Standing,
): Promise<Observation> {
  const { machine, instance } = await readMachine(kubernetes, target);
  if (!machine) return { status: 'failed', message: 'the VirtualMachine was deleted by somebody else' };
  const shallRun = textOf(specOf(machine)['runStrategy']) !== 'Halted';
  if (shallRun !== (awaited.for === 'running')) return turned(shallRun);
  if (awaited.for !== 'running') return judgeStopping(machine, instance);
  return judgeStarting({ machine, instance, awaited, settings, now: Date.now() });
}

function turned(shallRun: boolean): Observation {
  const message = shallRun
    ? 'was started by somebody else; stop it'
    : 'was stopped by somebody else; start it';
  return { status: 'failed', message: `the machine ${message} again` };
}

type Running = Extract<Awaited, { for: 'running' }>;
type Standing = Extract<Awaited, { for: 'stopped' | 'gone' }>;

interface Starting {
  readonly machine: KubernetesObject;
  readonly instance: KubernetesObject | undefined;
  readonly awaited: Running;
  readonly settings: Pick<VmSettings, 'stuckSeconds'>;
  readonly now: number;
}

/** Whether a machine runs what was applied, is still on the way, or cannot get there. */
export function judgeStarting({ machine, instance, awaited, settings, now }: Starting): Observation {
  const printable = textOf(statusOf(machine)['printableStatus']);
  const word = statusWord(printable);
  const isNew = instance !== undefined && instance.metadata.uid !== awaited.notUid;
  if (isNew && isOutdated(instance, awaited.revision) && !instance.metadata.deletionTimestamp)
    return progressing('the instance that runs was started from an earlier state and is replaced');
  const isUp = printable === 'Running' && isTrue(instance, 'Ready') && isSeen(machine);
  if (isNew && isUp && !instance.metadata.deletionTimestamp)
    return isTrue(machine, 'RestartRequired')
      ? progressing('the machine runs, but KubeVirt says that it has to be restarted for all of it')
      : {
          status: 'reached',
          message: `the machine runs on ${textOf(statusOf(instance)['nodeName']) || 'a node'}`,
        };
  const why = [word.words, complaints(instance, machine)].filter(Boolean).join(': ');
  if (word.stuck && isLasting({ machine, instance, settings, now }))
    return { status: 'failed', message: `${printable}: ${why}` };
  return progressing(why);
}

/** Whether a machine stands still, and not only because KubeVirt has not acted upon an earlier start yet. */
export function judgeStopping(
  machine: KubernetesObject,
  instance: KubernetesObject | undefined,
): Observation {
  const { printableStatus, runStrategy } = statusOf(machine);
  const printable = textOf(printableStatus);
  if (instance) return progressing(statusWord(printable).words);
  const actedUpon = textOf(runStrategy);
  // KubeVirt writes down which strategy it acted upon from the first start on (updateStatus of its VM controller).
  const isSeen = actedUpon === '' || actedUpon === textOf(specOf(machine)['runStrategy']);
  if (isSeen && printable === 'Stopped') return { status: 'reached', message: 'the machine is stopped' };
  return progressing(`its instance is gone; KubeVirt still calls it ${printable || 'nothing'}`);
}

/** Whether the status speaks of the newest spec: KubeVirt writes the generation down while there is an instance. */
function isSeen(machine: KubernetesObject): boolean {
  const desired = numberOf(statusOf(machine)['desiredGeneration']);
  return desired === 0 || desired >= (machine.metadata.generation ?? 0);
}

/** A crash loop is believed at its third failure, everything else when it has been so for a while. */
function isLasting({ machine, instance, settings, now }: Omit<Starting, 'awaited'>): boolean {
  const failures = numberOf(fieldsOf(statusOf(machine)['startFailure'])['consecutiveFailCount']);
  if (failures >= 3) return true;
  const since = (instance ?? machine).metadata.creationTimestamp;
  return failures === 0 && since !== undefined && now - Date.parse(since) > settings.stuckSeconds * 1000;
}

function progressing(message: string): Observation {
  return { status: 'progressing', message };
}
