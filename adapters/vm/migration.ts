import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../../clients/kubernetes/requests.ts';
import type { Begun, Observation, RuntimeTarget, Step } from '../../domain/change.ts';
import { AdapterFailure } from '../failure.ts';
import { metadataOf } from '../ownership.ts';
import { complaints, conditionOf, specOf, statusOf } from './conditions.ts';
import { KINDS, referenceTo, stepName } from './kinds.ts';
import { deleteExactly, machineOf } from './machine.ts';
import type { Tools } from './settings.ts';

const HOSTNAME = 'kubernetes.io/hostname';
/** KubeVirt's node agent sets it where machines may run. */
const SCHEDULABLE = 'kubevirt.io/schedulable';

/** The migration a step asks for, as an object. */
export function migrationObject(step: Step): KubernetesObject {
  const node = step.change.verb === 'migrate' ? step.change.targetNode : undefined;
  return {
    ...KINDS.migration,
    metadata: { ...metadataOf(step), name: stepName(step) },
    spec: {
      vmiName: step.target.release,
      ...(node === undefined ? {} : { addedNodeSelector: { [HOSTNAME]: node } }),
    },
  };
}

/** Throws when the machine cannot move, or not there. Answers the node it runs on. */
export async function refuseMigration(kubernetes: KubernetesClient, step: Step): Promise<string> {
  const { instance } = await machineOf(kubernetes, step);
  if (!instance || textOf(statusOf(instance)['phase']) !== 'Running')
    throw impossible('The machine does not run.', 'Start it first.');
  const migratable = conditionOf(instance, 'LiveMigratable');
  if (migratable?.status !== 'True')
    throw impossible(
      `KubeVirt says that the machine cannot move: ${words(migratable)}.`,
      'A root disk that moves needs a storage class with ReadWriteMany volumes; GPUs cannot move.',
    );
  const from = textOf(statusOf(instance)['nodeName']);
  const nodes = await kubernetes.list({ apiVersion: 'v1', kind: 'Node' });
  const wanted = step.change.verb === 'migrate' ? step.change.targetNode : undefined;
  refuseNodes({ nodes, from, wanted, selector: fieldsOf(specOf(instance)['nodeSelector']) });
  return from;
}

/** Asks KubeVirt to move the machine; an earlier attempt's migration is taken for it. */
export async function migrateMachine({ kubernetes }: Tools, step: Step): Promise<Begun> {
  const name = stepName(step);
  const there = await kubernetes.get(referenceTo('migration', step.target, name));
  await machineOf(kubernetes, step);
  if (!there) {
    await refuseMigration(kubernetes, step);
    await kubernetes.create(migrationObject(step));
  }
  return { awaiting: { for: 'migration', name } };
}

/** How far a migration is. */
export async function observeMigration(
  { kubernetes }: Tools,
  target: RuntimeTarget,
  name: string,
): Promise<Observation> {
  // The migration first: once it is over, the instance that is read is where it moved to.
  const migration = await kubernetes.get(referenceTo('migration', target, name));
  const instance = await kubernetes.get(referenceTo('instance', target));
  if (!migration) return { status: 'failed', message: 'the migration was called off by somebody else' };
  const phase = textOf(statusOf(migration)['phase']);
  const node = textOf(statusOf(instance)['nodeName']);
  if (phase === 'Succeeded')
    return { status: 'reached', message: `the machine runs on ${node}`, result: { node } };
  if (phase === 'Failed')
    return { status: 'failed', message: `KubeVirt could not move it: ${failure(migration)}` };
  return {
    status: 'progressing',
    message: `the machine moves (${phase || 'waiting'}); it runs on ${node} meanwhile`,
  };
}

/** Calls a migration off that is not over; the machine stays where it is. */
export async function undoMigration({ kubernetes }: Tools, step: Step): Promise<Begun> {
  const name = stepName(step);
  const migration = await kubernetes.get(referenceTo('migration', step.target, name));
  if (migration) await deleteExactly(kubernetes, migration);
  return { awaiting: { for: 'removal', kind: 'migration', name } };
}

interface Nodes {
  readonly nodes: readonly KubernetesObject[];
  readonly from: string;
  readonly wanted: string | undefined;
  readonly selector: Readonly<Record<string, unknown>>;
}

/** Throws when no other node can take the machine, or the wanted one cannot. */
export function refuseNodes({ nodes, from, wanted, selector }: Nodes): void {
  const others = nodes.filter(node => node.metadata.name !== from && takesMachines(node, selector));
  if (wanted === from) throw impossible(`The machine already runs on ${from}.`, 'Name another node.');
  if (others.length === 0)
    throw impossible(
      `No node but ${from} can take the machine.`,
      'Add a node that KubeVirt schedules machines on.',
    );
  if (wanted === undefined || others.some(node => hostnameOf(node) === wanted)) return;
  const names = others.slice(0, 10).map(hostnameOf).join(', ');
  throw impossible(`Node ${wanted} cannot take the machine.`, `These can: ${names}.`);
}

function takesMachines(node: KubernetesObject, selector: Nodes['selector']): boolean {
  const labels = node.metadata.labels ?? {};
  const fits = Object.entries(selector).every(([key, value]) => labels[key] === value);
  const isOpen = specOf(node)['unschedulable'] !== true;
  return fits && isOpen && labels[SCHEDULABLE] === 'true' && conditionOf(node, 'Ready')?.status === 'True';
}

function hostnameOf(node: KubernetesObject): string {
  return node.metadata.labels?.[HOSTNAME] ?? node.metadata.name;
}

function failure(migration: KubernetesObject): string {
  const reason = textOf(fieldsOf(statusOf(migration)['migrationState'])['failureReason']);
  const said = listOf(statusOf(migration)['conditions']).map(condition => textOf(condition['message']));
  return [reason, complaints(migration), ...said].find(Boolean) ?? 'no reason was given';
}

function words(condition: ReturnType<typeof conditionOf>): string {
  if (!condition) return 'it has not said that it can';
  return [condition.reason, condition.message].filter(Boolean).join(': ') || 'no reason was given';
}

function impossible(message: string, nextStep: string): AdapterFailure {
  return new AdapterFailure('migration_impossible', message, { nextStep });
}
