import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fieldsOf, listOf } from '../../clients/kubernetes/objects.ts';
import type { Operation } from '../../domain/operation.ts';
import { handMadeUpgrade } from './by-hand.ts';
import { must, refusal } from './caller.ts';
import { eventually } from './eventually.ts';
import { type GatedSystem, startGatedSystem } from './gated-system.ts';
import { changesOf, dryRunsOf } from './ways-to-the-cluster.ts';

vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let system: GatedSystem;

beforeAll(async () => {
  system = await startGatedSystem();
});

afterAll(() => system?.stop());

const developer = () => system.open.people.developer;
const operator = () => system.open.people.operator;
const keyOf = (release: string, project?: string) => ({
  namespace: system.open.namespaceOf(project),
  release,
});

describe.concurrent('cancelling a deploy', () => {
  const ended = async ({ id }: Operation) => {
    const operation = await developer().ends(id, 'cancelled');
    expect(operation.progress?.message).toMatch(/cancelled by developer: not wanted any more/);
    expect((await developer().runtime(operation.runtime_id)).hold).toBeNull();
  };
  const installing = async (name: string, matches: typeof changesOf) => {
    const hold = system.gate.hold(matches(keyOf(name)));
    const { operation_id } = must(201, await developer().create(name, { version: '1.0.0' }));
    await hold.arrived;
    return { hold, operation: await developer().operation(operation_id ?? '') };
  };

  it('that is being prepared changes nothing', async () => {
    const { hold, operation } = await installing('unprepared', dryRunsOf);
    expect(must(202, await developer().cancel(operation.id)).id).toBe(operation.id);
    hold.release();
    await ended(operation);
    expect(await system.releases.revisions(keyOf('unprepared'))).toEqual([]);
  });

  it('whose first install Helm applies ends Helm and removes what it made', async () => {
    const { hold, operation } = await installing('uninstalled', changesOf);
    must(202, await developer().cancel(operation.id));
    expect(refusal(await developer().cancel(operation.id))).toEqual([409, 'cannot_cancel_now']);
    await hold.left;
    hold.release();
    await ended(operation);
    expect(await system.releases.revisions(keyOf('uninstalled'))).toEqual([]);
  });

  it('whose upgrade Helm applies ends Helm and brings the last verified revision back', async () => {
    const { id } = await developer().running('unapplied', { version: '1.0.0' });
    const hold = system.gate.hold(changesOf(keyOf('unapplied')));
    const operation = await developer().begin(id, { version: '1.1.0' });
    await hold.arrived;
    must(202, await developer().cancel(operation.id));
    await hold.left;
    hold.release();
    await ended(operation);
    expect(await imageOf('unapplied')).toBe('runtimeai.dev/sample-agent:1.0.0');
    expect(await deployedRevisions('unapplied')).toHaveLength(1);
  });

  it('that is being verified brings the last verified revision back', async () => {
    const { id } = await developer().running('unverified', { version: '1.0.0' });
    const operation = await developer().begin(id, { version: '1.1.0-never-ready' });
    await developer().reaches(operation.id, 'verifying');
    must(202, await developer().cancel(operation.id));
    await ended(operation);
    expect(await imageOf('unverified')).toBe('runtimeai.dev/sample-agent:1.0.0');
    const late = await developer().cancel(operation.id);
    expect(refusal(late)).toEqual([409, 'operation_finished']);
  });

  it('that is on its way back is refused', async () => {
    const { id } = await developer().running('going-back', { version: '1.0.0' });
    const wish = {
      version: '1.1.0-never-ready',
      request: { verification: { timeout_seconds: 5, soak_seconds: 0 } },
    };
    const { id: operationId } = await developer().begin(id, wish);
    await developer().reaches(operationId, 'verifying');
    const hold = system.gate.hold(changesOf(keyOf('going-back')));
    await hold.arrived;
    expect(refusal(await developer().cancel(operationId))).toEqual([409, 'cannot_cancel_now']);
    hold.release();
    await developer().ends(operationId, 'rolled_back');
  });

  async function imageOf(release: string): Promise<unknown> {
    const { namespace } = keyOf(release);
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: release };
    const template = fieldsOf(fieldsOf((await system.kubernetes.get(reference))?.['spec'])['template']);
    return listOf(fieldsOf(template['spec'])['containers'])[0]?.['image'];
  }

  async function deployedRevisions(release: string): Promise<string[]> {
    return (await system.releases.revisions(keyOf(release))).filter(each => each.endsWith(' deployed'));
  }
});

describe.concurrent('a release that was changed by hand', () => {
  it('stops the deploy; retry looks again, accept deploys over it', async () => {
    const { id } = await developer().running('by-hand', { version: '1.0.0' });
    await handMadeUpgrade(keyOf('by-hand'), 'terminationGracePeriodSeconds=11');
    const { id: operationId } = await developer().begin(id, { version: '1.1.0' });
    const waiting = await developer().reaches(operationId, 'needs_attention');
    expect(waiting.progress?.message).toMatch(/revision 2 of by-hand was made outside of RuntimeAI/);
    expect(waiting.waits_for).toMatch(/retry.*accept.*abandon/);
    expect((await developer().runtime(id)).state).toBe('degraded');
    expect(refusal(await developer().resolve(operationId, 'accept'))).toEqual([403, 'permission_missing']);
    expect(refusal(await operator().cancel(operationId))).toEqual([409, 'cannot_cancel_now']);

    must(202, await operator().resolve(operationId, 'retry'));
    await attentionAgain(id, 2);
    must(202, await operator().resolve(operationId, 'accept'));
    await developer().ends(operationId, 'succeeded');
    expect(await system.releases.revisions(keyOf('by-hand'))).toEqual([
      '1 superseded',
      '2 superseded',
      '3 deployed',
    ]);
    expect(refusal(await operator().resolve(operationId, 'retry'))).toEqual([409, 'operation_finished']);
  });

  it('is left as it is when the deploy is abandoned', async () => {
    const { id } = await developer().running('left-alone', { version: '1.0.0' });
    await handMadeUpgrade(keyOf('left-alone'), 'terminationGracePeriodSeconds=12');
    const { id: operationId } = await developer().begin(id, { version: '1.1.0' });
    await developer().reaches(operationId, 'needs_attention');
    must(202, await operator().resolve(operationId, 'abandon'));
    await developer().ends(operationId, 'abandoned');
    expect(await system.releases.revisions(keyOf('left-alone'))).toEqual(['1 superseded', '2 deployed']);
    await eventually({
      what: 'it counts as running again',
      read: () => developer().runtime(id),
      until: ({ state }) => state === 'running',
    });
  });

  async function attentionAgain(runtimeId: string, times: number): Promise<void> {
    await eventually({
      what: `${runtimeId} has needed attention ${times} times`,
      read: () => developer().events(runtimeId),
      until: events => events.filter(({ type }) => type === 'deploy.needs_attention').length === times,
    });
  }
});

describe.concurrent('a namespace', () => {
  it('that is being deleted keeps a deploy waiting, which succeeds once it is gone', async () => {
    const agent = { replicas: 1 };
    await developer().running('gone', { version: '1.0.0', agent, request: { project: 'doomed' } });
    const { namespace } = keyOf('', 'doomed');
    const held = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'held' };
    await system.kubernetes.create({
      ...held,
      metadata: { name: held.name, namespace, finalizers: ['runtimeai.dev/test'] },
    });
    await system.kubernetes.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    const wish = { version: '1.0.0', agent, request: { project: 'doomed' } };
    const runtime = must(201, await developer().create('next', wish));
    const operation = await developer().reaches(runtime.operation_id ?? '', 'preparing');
    await system.kubernetes.patch(held, { metadata: { finalizers: null } });
    await developer().ends(operation.id, 'succeeded');
    expect(await system.releases.revisions(keyOf('next', 'doomed'))).toEqual(['1 deployed']);
  });

  it('that is gone is made again; a bad deploy is removed, for nothing is left to go back to', async () => {
    const wish = { version: '1.0.0', agent: { replicas: 1 }, request: { project: 'wiped' } };
    const [good, bad] = await Promise.all(['good', 'bad'].map(name => developer().running(name, wish)));
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: keyOf('', 'wiped').namespace };
    await system.kubernetes.delete(namespace);
    await eventually({
      what: 'the namespace is gone',
      read: () => system.kubernetes.get(namespace),
      until: found => found === undefined,
    });
    const terms = { verification: { timeout_seconds: 5, soak_seconds: 0 } };
    const next = { version: '1.1.0', agent: { replicas: 1 } };
    const [mended, failed] = await Promise.all([
      developer().begin(good?.id ?? '', next),
      developer().begin(bad?.id ?? '', { ...next, version: '1.1.0-never-ready', request: terms }),
    ]);
    await developer().ends(mended.id, 'succeeded');
    await developer().ends(failed.id, 'failed');
    expect(await system.releases.revisions(keyOf('good', 'wiped'))).toEqual(['1 deployed']);
    expect(await system.releases.revisions(keyOf('bad', 'wiped'))).toEqual([]);
  });
});
