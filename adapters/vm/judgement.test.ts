import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../clients/kubernetes/objects.ts';
import { vmHealth } from './health.ts';
import { KINDS } from './kinds.ts';
import { REVISION_ANNOTATION } from './manifests.ts';
import { refuseNodes } from './migration.ts';
import { judgeStarting, judgeStopping } from './progress.ts';
import { contentsOf } from './snapshot-contents.ts';
import { judgeSnapshot } from './snapshots.ts';

const AN_HOUR_AGO = '2026-01-01T00:00:00Z';
const NOW = Date.parse('2026-01-01T01:00:00Z');

describe('the health of a machine', () => {
  it.each([
    ['Running', 'healthy'],
    ['Migrating', 'healthy'],
    ['Starting', 'degraded'],
    ['Paused', 'degraded'],
    ['CrashLoopBackOff', 'unhealthy'],
    ['ErrorUnschedulable', 'unhealthy'],
    ['Stopped', 'unhealthy'],
    ['Unknown', 'unknown'],
    ['SomethingNew', 'unknown'],
  ])('that shall run and is %s is %s', (phase, status) => {
    const seen = { objects: [machine(phase), instance()], pods: [] };
    expect(vmHealth.judge(seen)).toMatchObject({ status, phase, desiredReplicas: 1 });
  });

  it('that runs but is not ready is degraded', () => {
    const seen = { objects: [machine('Running'), instance({ ready: 'False' })], pods: [] };
    expect(vmHealth.judge(seen)).toMatchObject({ status: 'degraded', readyReplicas: 0 });
  });

  it('that shall not run is stopped once it is', () => {
    expect(vmHealth.judge({ objects: [machine('Stopped', 'Halted')], pods: [] }).status).toBe('stopped');
    expect(vmHealth.judge({ objects: [machine('Stopping', 'Halted')], pods: [] }).status).toBe('degraded');
  });

  it('that does not exist is unhealthy', () => {
    expect(vmHealth.judge({ objects: [], pods: [] })).toMatchObject({ status: 'unhealthy' });
  });
});

describe('a machine on its way up', () => {
  const judge = (
    word: string,
    what: { revision?: string; notUid?: string; failures?: number; since?: string },
  ) =>
    judgeStarting({
      machine: machine(word, 'Always', what.failures ?? 0),
      instance: instance(what),
      awaited: { for: 'running', revision: 'new', ...(what.notUid ? { notUid: what.notUid } : {}) },
      settings: { stuckSeconds: 60 },
      now: NOW,
    }).status;

  it('is there when the wanted instance is ready', () => {
    expect(judge('Running', { revision: 'new' })).toBe('reached');
  });

  it('is not there while the instance of an earlier state, or the one before the restart, runs', () => {
    expect(judge('Running', { revision: 'old' })).toBe('progressing');
    expect(judge('Running', { revision: 'new', notUid: 'uid-1' })).toBe('progressing');
  });

  it('is not there by what KubeVirt said of an older spec', () => {
    const judged = (desiredGeneration: number) => {
      const now = machine('Running');
      const status = { ...(now['status'] as object), desiredGeneration };
      const seen = { ...now, metadata: { ...now.metadata, generation: 2 }, status };
      const awaited = { for: 'running' as const, revision: 'new' };
      const settings = { stuckSeconds: 60 };
      return judgeStarting({ machine: seen, instance: instance(), awaited, settings, now: NOW }).status;
    };
    expect(judged(1)).toBe('progressing');
    expect(judged(2)).toBe('reached');
  });

  it('has failed when an image cannot be pulled for long, and is waited for at first', () => {
    expect(judge('ImagePullBackOff', { revision: 'new' })).toBe('failed');
    expect(judge('ImagePullBackOff', { revision: 'new', since: '2026-01-01T00:59:30Z' })).toBe('progressing');
  });

  it('has failed at the third end in a row, not at the second', () => {
    expect(judge('CrashLoopBackOff', { revision: 'new', failures: 2 })).toBe('progressing');
    expect(judge('CrashLoopBackOff', { revision: 'new', failures: 3 })).toBe('failed');
  });

  it('is waited for while no node has room: one may come', () => {
    expect(judge('ErrorUnschedulable', { revision: 'new' })).toBe('progressing');
  });
});

describe('a machine on its way down', () => {
  const halted = (actedUpon: string, word = 'Stopped') => {
    const now = machine(word, 'Halted');
    return { ...now, status: { ...(now['status'] as object), runStrategy: actedUpon } };
  };

  it('is there when its instance is gone and KubeVirt calls it stopped', () => {
    expect(judgeStopping(halted('Halted'), undefined).status).toBe('reached');
    expect(judgeStopping(machine('Stopped', 'Halted'), undefined).status).toBe('reached');
    expect(judgeStopping(halted('Halted', 'Stopping'), undefined).status).toBe('progressing');
    expect(judgeStopping(halted('Halted'), instance()).status).toBe('progressing');
  });

  it('is not there while KubeVirt may still be starting it', () => {
    expect(judgeStopping(halted('Always'), undefined).status).toBe('progressing');
  });
});

describe('a snapshot', () => {
  const snapshot = (status: object, creationTimestamp = AN_HOUR_AGO): KubernetesObject => ({
    ...KINDS.snapshot,
    metadata: { name: 's', uid: 'uid-s', creationTimestamp },
    status,
  });

  it('is waited for a minute longer than KubeVirt gives it, and no more', () => {
    const settings = { snapshotSeconds: 300 };
    expect(judgeSnapshot(snapshot({ phase: 'InProgress' }), settings, NOW).status).toBe('failed');
    const fresh = snapshot({ phase: 'InProgress' }, '2026-01-01T00:54:30Z');
    expect(judgeSnapshot(fresh, settings, NOW).status).toBe('progressing');
  });

  it('tells which disks are in it, which are not, and how far they can be trusted', () => {
    const contents = contentsOf({
      indications: ['Online', 'NoGuestAgent'],
      snapshotVolumes: { includedVolumes: ['root'], excludedVolumes: ['cloud-init'] },
    });
    expect(contents).toContain('the disks: root');
    expect(contents).toContain('not the disks: cloud-init');
    expect(contents).toContainEqual(expect.stringMatching(/^crash-consistent only: no guest agent/));
  });
});

describe('the nodes a machine can move to', () => {
  const nodes = [node('a'), node('b'), node('c', { cordoned: true }), node('d', { schedulable: 'false' })];

  it('are those that are ready, open and KubeVirt’s', () => {
    expect(() => refuseNodes({ nodes, from: 'a', wanted: undefined, selector: {} })).not.toThrow();
    expect(() => refuseNodes({ nodes, from: 'a', wanted: 'b', selector: {} })).not.toThrow();
    expect(() => refuseNodes({ nodes, from: 'a', wanted: 'c', selector: {} })).toThrow('Node c cannot take');
    expect(() => refuseNodes({ nodes, from: 'a', wanted: 'd', selector: {} })).toThrow('Node d cannot take');
    expect(() => refuseNodes({ nodes, from: 'a', wanted: 'a', selector: {} })).toThrow('already runs on a');
  });

  it('are none when there is but one, or none that fits', () => {
    expect(() => refuseNodes({ nodes: [node('a')], from: 'a', wanted: undefined, selector: {} })).toThrow(
      'No node but a',
    );
    expect(() => refuseNodes({ nodes, from: 'a', wanted: undefined, selector: { gpu: 'yes' } })).toThrow(
      'No node but a',
    );
  });
});

function machine(printableStatus: string, runStrategy = 'Always', failures = 0): KubernetesObject {
  return {
    ...KINDS.machine,
    metadata: { name: 'm', creationTimestamp: AN_HOUR_AGO },
    spec: { runStrategy },
    status: { printableStatus, startFailure: { consecutiveFailCount: failures } },
  };
}

function instance({ ready = 'True', revision = 'new', since = AN_HOUR_AGO } = {}): KubernetesObject {
  return {
    ...KINDS.instance,
    metadata: {
      ...{ name: 'm', uid: 'uid-1', creationTimestamp: since },
      annotations: { [REVISION_ANNOTATION]: revision },
    },
    status: { phase: 'Running', nodeName: 'a', conditions: [{ type: 'Ready', status: ready }] },
  };
}

function node(name: string, { cordoned = false, schedulable = 'true' } = {}): KubernetesObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Node' },
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubevirt.io/schedulable': schedulable } },
    spec: cordoned ? { unschedulable: true } : {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}
