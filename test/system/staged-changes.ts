import { expect } from 'vitest';
import type { Operation } from '../../domain/operation.ts';
import type { Runtime } from '../../domain/runtime.ts';
import { contentsOf, declared } from '../adapters/conformance/cluster-contents.ts';
import { type Caller, must } from './caller.ts';
import type { Change, ChangeMoment } from './change-moments.ts';
import type { GatedSystem } from './gated-system.ts';
import { KINDS, placeOf } from './kinds.ts';
import { Subject } from './lifecycle.ts';
import type { ReleaseKey } from './releases.ts';
import { podsOf, tracesIn } from './traces.ts';

/** A change in its moment; where it can be held it goes no further until it is let go. */
export interface StagedChange {
  readonly subject: Subject;
  readonly operationId: string;
  readonly key: ReleaseKey;
  letGo(): void;
  /** Insists that the change was made once, whatever became of the processes that made it. */
  hasOneEffect(): Promise<void>;
}

/** Makes a runtime in a project of its own, and brings a change of it to the moment. */
export async function bringTo(
  system: GatedSystem,
  { moment, project }: { readonly moment: ChangeMoment; readonly project: string },
): Promise<StagedChange> {
  const { change } = moment;
  const { developer: caller } = system.open.people;
  const wanted = { name: 'subject', type: change.type, project, ...(change.spec && { spec: change.spec }) };
  const key = { namespace: namespaceOf(system, change, project), release: wanted.name };
  const made = change.verb === 'create' ? undefined : await Subject.made(caller, wanted);
  const before = made && (await imprintOf(system, { key, subject: made }));
  const begin = () => (made ? beginChange(made, change) : create(caller, wanted));
  const { subject, operationId, hold } = await held(system, { moment, key, begin });
  return {
    subject,
    operationId,
    key,
    letGo: () => hold?.release(),
    hasOneEffect: async () => {
      const after = await imprintOf(system, { key, subject });
      await EFFECTS[change.verb]({ system, key, subject, change, before, after });
    },
  };
}

interface Beginning {
  readonly moment: ChangeMoment;
  readonly key: ReleaseKey;
  readonly begin: () => Promise<{ readonly subject: Subject; readonly operationId: string }>;
}

async function held({ gate }: GatedSystem, { moment, key, begin }: Beginning) {
  const matches = moment.held?.(key);
  if (matches && moment.stage !== 'rolling_back') {
    const hold = gate.hold(matches);
    const begun = await begin();
    await hold.arrived;
    return { ...begun, hold };
  }
  const begun = await begin();
  await begun.subject.caller.reaches(begun.operationId, 'verifying');
  // What the change itself writes has passed; what comes from now on is the way back.
  const hold = matches && gate.hold(matches);
  await hold?.arrived;
  return { ...begun, hold };
}

interface Imprint {
  readonly runtime: Runtime;
  readonly pods: readonly string[];
  readonly declared: Record<string, unknown>;
  /** How often the object of a sandbox was changed. */
  readonly generation: number;
}

async function imprintOf(
  { kubernetes }: GatedSystem,
  { key, subject }: { readonly key: ReleaseKey; readonly subject: Subject },
): Promise<Imprint> {
  const contents = await contentsOf(kubernetes, key.namespace);
  return {
    runtime: await subject.read(),
    pods: await podsOf(kubernetes, { namespace: key.namespace, runtimeId: subject.id }),
    declared: declared(contents),
    generation: contents.get(`Sandbox ${key.release}`)?.metadata.generation ?? 0,
  };
}

interface Effect {
  readonly system: GatedSystem;
  readonly key: ReleaseKey;
  readonly subject: Subject;
  readonly change: Change;
  readonly before: Imprint | undefined;
  readonly after: Imprint;
}

const EFFECTS: Readonly<Record<Change['verb'], (effect: Effect) => Promise<void>>> = {
  create: async ({ system, key, after }) => {
    expect(after.runtime).toMatchObject({ state: 'running' });
    expect(after.pods).toHaveLength(1);
    expect(await system.releases.revisions(key)).toEqual(['1 deployed']);
  },
  stop: async ({ system, key, after }) => {
    expect(after.runtime).toMatchObject({ state: 'stopped', power: 'stopped' });
    expect(after.pods).toEqual([]);
    expect(await system.releases.revisions(key)).toEqual(['1 superseded', '2 deployed']);
  },
  delete: async ({ system, key, after }) => {
    expect(after.runtime).toMatchObject({ state: 'deleted' });
    expect(await tracesIn(system.kubernetes, key.namespace)).toEqual([]);
  },
  scale: async ({ change, before, after }) => {
    expect(after.runtime).toMatchObject({ state: 'running' });
    if (change.outcome === 'rolled_back') {
      expect(after.declared).toEqual(before?.declared);
      expect(after.runtime.spec).toEqual(before?.runtime.spec);
      return;
    }
    expect(after.runtime).toMatchObject({ spec: change.body, version: (before?.runtime.version ?? 0) + 1 });
    expect(after.generation).toBe((before?.generation ?? 0) + 1);
    expect(after.pods).toHaveLength(1);
    expect(after.pods).not.toEqual(before?.pods);
  },
};

async function beginChange(subject: Subject, { verb, body }: Change) {
  const answer = verb === 'scale' || verb === 'stop' ? subject.ask(verb, body) : subject.askDelete();
  return { subject, operationId: must<Pick<Operation, 'id'>>(202, await answer).id };
}

async function create(caller: Caller, wanted: object) {
  const { id, operation_id } = must(201, await caller.post<Runtime>('/runtimes', wanted));
  return { subject: new Subject(caller, id), operationId: operation_id ?? '' };
}

function namespaceOf({ open }: GatedSystem, { type }: Change, project: string): string {
  const kind = KINDS.find(each => each.type === type);
  if (!kind) throw new Error(`there is no kind ${type}`);
  return placeOf(kind, { tenantId: open.id, project });
}
