import { typeOf } from './cluster.ts';
import { has, imageOf } from './fates.ts';
import type { Condition, Instance, InstancetypeSpec, Machine, MachineStatus } from './objects.ts';
import { ownedBy } from './objects.ts';
import { printableStatus } from './printable-status.ts';
import { named, type World, within } from './world.ts';

/** On an instance: the instancetype it was started from, as KubeVirt writes it. */
export const INSTANCETYPE_ANNOTATION = 'kubevirt.io/instancetype-name';

/** Waits between starts after failures, shorter than KubeVirt's, which begin at ten seconds. */
const BACK_OFF_MS = 400;

/** Makes the instance a machine shall have, takes away the one it shall not, and says how it is. */
export async function reconcileMachine(world: World, machine: Machine): Promise<void> {
  const instance = named(world.instances, machine.metadata, machine.metadata.name);
  if (machine.metadata.deletionTimestamp) return;
  await makeDataVolumes(world, machine);
  const sizing = await sizingOf(world, machine);
  const failure = 'problem' in sizing ? sizing : undefined;
  const startFailure = await followFailure(world, machine, instance);
  const wanted = isWanted(machine);
  if (instance && !wanted && !instance.metadata.deletionTimestamp)
    await world.objects.delete('instance', instance.metadata);
  if (!instance && wanted && !('problem' in sizing) && isTime(startFailure, world.now))
    await makeInstance(world, machine, sizing);
  await world.objects.patchStatus(
    'machine',
    machine,
    statusOf({ world, machine, instance, startFailure, failure }),
  );
}

function isWanted({ spec, status }: Machine): boolean {
  return spec.runStrategy === 'Always' && !status?.restoreInProgress;
}

async function makeDataVolumes(world: World, machine: Machine): Promise<void> {
  for (const { metadata, spec } of machine.spec.dataVolumeTemplates ?? []) {
    if (named(world.dataVolumes, machine.metadata, metadata.name ?? '')) continue;
    const ownerReferences = [ownedBy(machine, ...typeOf('machine'))];
    const made = { metadata: { ...metadata, ownerReferences }, spec };
    await world.objects.create('dataVolume', made, machine.metadata.namespace);
  }
}

interface Problem {
  readonly problem: string;
  readonly reason: string;
}

/** What the instancetype says; a revision, which a restore leaves, wins over the name, as with KubeVirt. */
async function sizingOf(
  { objects }: World,
  { metadata, spec }: Machine,
): Promise<InstancetypeSpec | Problem> {
  const { name = '', revisionName } = spec.instancetype ?? {};
  const { namespace } = metadata;
  if (revisionName) {
    const revision = await objects.get('revision', { namespace, name: revisionName });
    if (revision) return (revision as unknown as { data: { spec: InstancetypeSpec } }).data.spec;
  }
  const found = await objects.get('instancetype', { namespace, name });
  if (found) return found.spec as InstancetypeSpec;
  return {
    reason: 'FailedFindInstancetype',
    problem: `virtualmachineinstancetypes.instancetype.kubevirt.io "${name}" not found`,
  };
}

async function makeInstance({ objects }: World, machine: Machine, sizing: InstancetypeSpec): Promise<void> {
  const { template, instancetype } = machine.spec;
  const { domain, ...rest } = template.spec;
  const sized = {
    ...domain,
    cpu: { sockets: sizing.cpu.guest, cores: 1, threads: 1 },
    memory: { guest: sizing.memory.guest },
    devices: { ...domain.devices, ...(sizing.gpus ? { gpus: sizing.gpus } : {}) },
  };
  const metadata = {
    name: machine.metadata.name,
    labels: template.metadata?.labels ?? {},
    annotations: { ...template.metadata?.annotations, [INSTANCETYPE_ANNOTATION]: instancetype?.name ?? '' },
    ownerReferences: [ownedBy(machine, ...typeOf('machine'))],
    finalizers: ['foregroundDeleteVirtualMachine'],
  };
  await objects.create(
    'instance',
    { metadata, spec: { ...rest, domain: sized } },
    machine.metadata.namespace,
  );
}

type StartFailure = NonNullable<MachineStatus['startFailure']>;

/** Counts starts that failed, and clears the failed instance away so that another can be tried. */
async function followFailure(
  { objects, now }: World,
  { status, spec }: Machine,
  instance: Instance | undefined,
): Promise<StartFailure | null> {
  const before = status?.startFailure ?? null;
  if (spec.runStrategy !== 'Always') return null;
  if (instance?.status?.phase === 'Running') return null;
  if (instance?.status?.phase !== 'Failed' || instance.metadata.deletionTimestamp) return before;
  await objects.delete('instance', instance.metadata);
  const count = (before?.consecutiveFailCount ?? 0) + 1;
  const retryAt = new Date(now.getTime() + BACK_OFF_MS * count);
  return { consecutiveFailCount: count, retryAfterTimestamp: retryAt.toISOString() };
}

function isTime(failure: StartFailure | null, now: Date): boolean {
  return failure === null || Date.parse(failure.retryAfterTimestamp) <= now.getTime();
}

interface Seen {
  readonly world: World;
  readonly machine: Machine;
  readonly instance: Instance | undefined;
  readonly startFailure: StartFailure | null;
  readonly failure: Problem | undefined;
}

function statusOf({ world, machine, instance, startFailure, failure }: Seen): MachineStatus & object {
  const dataVolumes = within(world.dataVolumes, machine.metadata);
  const ready = instance?.status?.conditions?.find(({ type }) => type === 'Ready');
  const conditions: Condition[] = [
    ready ?? { type: 'Ready', status: 'False', reason: 'VMINotExists', message: 'VMI does not exist' },
    ...(failure
      ? [{ type: 'Failure', status: 'True' as const, reason: failure.reason, message: failure.problem }]
      : []),
    ...(needsRestart(machine, instance) ? [RESTART_REQUIRED] : []),
  ];
  return {
    printableStatus: printableStatus({ machine, instance, dataVolumes, startFailing: startFailure !== null }),
    conditions: conditions.map(condition => ({ ...condition, lastTransitionTime: world.now.toISOString() })),
    startFailure,
    ...{ created: instance !== undefined, ready: ready?.status === 'True' },
    ...actedUpon(machine, instance),
  };
}

/** The strategy is written down from the first start on, the generation while there is an instance, as by KubeVirt. */
function actedUpon({ metadata, spec, status }: Machine, instance: Instance | undefined) {
  const { runStrategy } = spec;
  return {
    ...(instance || status?.runStrategy ? { runStrategy } : {}),
    ...(instance ? { desiredGeneration: metadata.generation } : {}),
  };
}

const RESTART_REQUIRED: Condition = {
  type: 'RestartRequired',
  status: 'True',
  message: 'a non-live-updatable field was changed in the template spec',
};

function needsRestart({ spec }: Machine, instance: Instance | undefined): boolean {
  return (
    instance !== undefined &&
    instance.metadata.annotations?.[INSTANCETYPE_ANNOTATION] !== spec.instancetype?.name
  );
}

/** Imports a DataVolume: makes its claim, and says that it is filled. */
export async function reconcileDataVolume(
  world: World,
  dataVolume: World['dataVolumes'][number],
): Promise<void> {
  const { metadata, spec } = dataVolume;
  if (metadata.deletionTimestamp || dataVolume.status?.phase === 'Succeeded') return;
  const template = {
    domain: { devices: {} },
    volumes: [{ name: 'root', dataVolume: { name: metadata.name } }],
  };
  const phase = has('importFails', imageOf(template, [dataVolume])) ? 'Failed' : 'Succeeded';
  const claim = {
    metadata: {
      name: metadata.name,
      labels: metadata.labels ?? {},
      ownerReferences: [ownedBy(dataVolume, ...typeOf('dataVolume'))],
    },
    spec: { accessModes: ['ReadWriteMany'], ...spec.storage },
  };
  if (phase === 'Succeeded') await world.objects.create('claim', claim, metadata.namespace);
  await world.objects.patchStatus('dataVolume', dataVolume, { phase, claimName: metadata.name });
}
