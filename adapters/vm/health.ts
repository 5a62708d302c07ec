import { fieldsOf, type KubernetesObject, listOf, textOf } from '../../clients/kubernetes/objects.ts';
import type { HealthView, Seen, SeenHealth } from '../adapter.ts';
import { complaints, isTrue, specOf, statusOf } from './conditions.ts';
import { KINDS } from './kinds.ts';
import { statusWord } from './status-words.ts';

/** How a machine is judged: by KubeVirt's own word for its state, which is kept as the phase. */
export const vmHealth: HealthView = {
  kinds: [KINDS.machine, KINDS.instance],
  keep,
  judge,
};

function keep(object: KubernetesObject): KubernetesObject {
  const { printableStatus, phase, nodeName, conditions } = statusOf(object);
  const { runStrategy } = specOf(object);
  const { managedFields: _managed, ...metadata } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata,
    spec: { runStrategy },
    status: { printableStatus, phase, nodeName, conditions: listOf(conditions).map(shorter) },
  };
}

function shorter({ type, status, reason, message }: Readonly<Record<string, unknown>>) {
  return { type, status, reason, message };
}

function judge({ objects }: Seen): SeenHealth {
  const machine = objects.find(({ kind }) => kind === KINDS.machine.kind);
  const instance = objects.find(({ kind }) => kind === KINDS.instance.kind);
  if (!machine) return judged('unhealthy', 1, 0, 'its VirtualMachine does not exist');
  const desired = textOf(fieldsOf(machine['spec'])['runStrategy']) === 'Halted' ? 0 : 1;
  const phase = textOf(statusOf(machine)['printableStatus']);
  return { ...judgeWord({ machine, instance, phase, desired }), ...(phase === '' ? {} : { phase }) };
}

interface Judged {
  readonly machine: KubernetesObject;
  readonly instance: KubernetesObject | undefined;
  readonly phase: string;
  readonly desired: number;
}

function judgeWord({ machine, instance, phase, desired }: Judged): SeenHealth {
  const word = statusWord(phase);
  const why = [word.words, complaints(instance, machine)].filter(Boolean).join(': ');
  if (desired === 0 && phase === 'Stopped') return judged('stopped', 0, 0, word.words);
  if (desired === 0) return judged('degraded', 0, instance ? 1 : 0, `it shall be stopped, but ${word.words}`);
  if (word.health === 'stopped') return judged('unhealthy', 1, 0, 'it shall run, but is stopped');
  if (word.health !== 'healthy') return judged(word.health, 1, 0, why);
  if (!isTrue(instance, 'Ready')) return judged('degraded', 1, 0, `${why}; it is not ready`);
  if (isTrue(machine, 'RestartRequired')) return judged('degraded', 1, 1, why);
  return judged('healthy', 1, 1, word.words);
}

function judged(status: SeenHealth['status'], wanted: number, ready: number, reason: string): SeenHealth {
  const counts = { readyPods: ready, totalPods: wanted, desiredReplicas: wanted, readyReplicas: ready };
  return { status, reason, ...counts };
}
