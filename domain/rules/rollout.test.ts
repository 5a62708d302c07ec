import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOW, pod, secondsAgo, workload } from '../../test/builders/workload-facts.ts';
import type { WorkloadFacts } from '../health.ts';
import { judgeRollout, type RolloutTerms, soakLeftSeconds } from './rollout.ts';

const TERMS: RolloutTerms = { operationId: 'op_1', soakSeconds: 0, now: NOW, maxAgeSeconds: 15 };

function judge(fields: Partial<WorkloadFacts> = {}, terms: Partial<RolloutTerms> = {}) {
  return judgeRollout(workload(fields), { ...TERMS, ...terms });
}

const unready = pod({ name: 'agent-2', ready: false });

describe('judgeRollout', () => {
  it('is inconclusive without facts and with facts that are too old', () => {
    expect(judgeRollout(undefined, TERMS).status).toBe('inconclusive');
    expect(judge({ observedAt: secondsAgo(16) })).toMatchObject({ status: 'inconclusive', ready_pods: 0 });
    expect(judge({ observedAt: 'no time' }).status).toBe('inconclusive');
  });

  it('is healthy when all wanted pods of this operation’s template are ready', () => {
    expect(judge()).toEqual({
      status: 'healthy',
      reason: 'all 2 pods are ready',
      ready_pods: 2,
      total_pods: 2,
    });
  });

  it('waits for the manifest of this operation, and for the cluster to act upon it', () => {
    expect(judge({ operationId: 'op_0' })).toMatchObject({ status: 'progressing' });
    expect(judge({ generation: 4 })).toMatchObject({ status: 'progressing' });
  });

  it('waits for every pod, and for what the Deployment itself counts', () => {
    expect(judge({ pods: [pod(), unready] })).toMatchObject({
      status: 'progressing',
      ready_pods: 1,
      total_pods: 2,
    });
    expect(judge({ readyReplicas: 1 }).status).toBe('progressing');
    expect(judge({ updatedReplicas: 1 }).status).toBe('progressing');
  });

  it('waits until no pod of an older version serves, but not for those that are ending', () => {
    const current = [pod({ name: 'a' }), pod({ name: 'b' })];
    const old = pod({ name: 'c', templateHash: 'old' });
    expect(judge({ pods: [...current, old] })).toMatchObject({ status: 'progressing' });
    expect(judge({ pods: [...current, { ...old, terminating: true }] }).status).toBe('healthy');
    expect(judge({ pods: [...current, { ...old, phase: 'Failed' }] }).status).toBe('healthy');
  });

  it('does not take any pod for current before the ReplicaSet is known', () => {
    const { currentTemplateHash: _unknown, ...facts } = workload();
    expect(judgeRollout(facts, TERMS).status).toBe('progressing');
  });

  it('counts the soak from the pod that became ready last', () => {
    const pods = [
      pod({ name: 'a', readySince: secondsAgo(100) }),
      pod({ name: 'b', readySince: secondsAgo(9) }),
    ];
    expect(judge({ pods }, { soakSeconds: 10 })).toMatchObject({
      status: 'progressing',
      reason: 'all 2 pods are ready, for 9 of 10 s',
    });
    expect(judge({ pods }, { soakSeconds: 9 }).status).toBe('healthy');
    expect(soakLeftSeconds(workload({ pods }), { ...TERMS, soakSeconds: 10 })).toBe(1);
    expect(soakLeftSeconds(workload({ pods: [unready] }), { ...TERMS, soakSeconds: 10 })).toBeUndefined();
  });

  it('does not call a pod soaked whose time of readiness is unknown', () => {
    const pods = [pod({ name: 'a' }), pod({ name: 'b', readySince: 'no time' })];
    expect(judge({ pods }, { soakSeconds: 1 }).status).toBe('progressing');
  });

  it('is healthy at zero replicas when the last pod is gone', () => {
    const stopped = { desiredReplicas: 0, updatedReplicas: 0, readyReplicas: 0 };
    expect(judge({ ...stopped, pods: [pod({ terminating: true })] }).status).toBe('progressing');
    expect(judge({ ...stopped, pods: [] }, { soakSeconds: 30 }).status).toBe('healthy');
  });

  it('fails when the Deployment gave up', () => {
    const stalled = { reason: 'ProgressDeadlineExceeded', message: 'timed out progressing' };
    expect(judge({ pods: [unready], stalled })).toMatchObject({ status: 'failed' });
  });

  it('fails when pods are refused for long, not when they are refused for a moment', () => {
    const refusal = { reason: 'FailedCreate', message: 'exceeded quota: slot' };
    const refused = (since: number) => ({
      pods: [pod()],
      replicaFailure: { ...refusal, since: secondsAgo(since) },
    });
    expect(judge(refused(3)).status).toBe('progressing');
    expect(judge(refused(30))).toMatchObject({
      status: 'failed',
      reason: 'pods cannot be created: exceeded quota: slot',
    });
  });

  it.each(['InvalidImageName', 'ErrImageNeverPull', 'ImagePullBackOff', 'CreateContainerConfigError'])(
    'fails at once on %s',
    reason => {
      const stuck = { ...unready, waiting: { reason, message: 'the words of the kubelet' } };
      const report = judge({ pods: [pod(), stuck] });
      expect(report.status).toBe('failed');
      expect(report.reason).toBe(`pod agent-2 does not come up: ${reason}, the words of the kubelet`);
    },
  );

  it('fails on a crash loop from the second restart on, and tells the exit code', () => {
    const waiting = { reason: 'CrashLoopBackOff', message: '' };
    const lastTermination = { reason: 'Error', exitCode: 137, finishedAt: secondsAgo(2) };
    const crashing = (restarts: number) => [pod(), { ...unready, restarts, waiting, lastTermination }];
    expect(judge({ pods: crashing(1) }).status).toBe('progressing');
    const report = judge({ pods: crashing(2) });
    expect(report.status).toBe('failed');
    expect(report.reason).toContain('exit code 137 (Error); restarted 2 times');
  });

  it('does not fail because of a pod of an older version or one that is ending', () => {
    const waiting = { reason: 'ImagePullBackOff', message: '' };
    const old = { ...unready, templateHash: 'old', waiting };
    const ending = { ...unready, terminating: true, waiting };
    expect(judge({ pods: [pod(), old] }).status).toBe('progressing');
    expect(judge({ pods: [pod(), ending] }).status).toBe('progressing');
  });
});

describe('judgeRollout, for any facts', () => {
  const anyFacts = fc
    .record({
      operationId: fc.constantFrom('op_0', 'op_1'),
      generation: fc.nat(2),
      observedGeneration: fc.nat(2),
      desiredReplicas: fc.integer({ min: -1, max: 4 }),
      updatedReplicas: fc.nat(4),
      readyReplicas: fc.nat(4),
      observedAt: fc.integer({ min: 0, max: 30 }).map(secondsAgo),
      pods: fc.array(
        fc
          .record({
            ready: fc.boolean(),
            terminating: fc.boolean(),
            templateHash: fc.constantFrom('current', 'old'),
            readySince: fc.integer({ min: -5, max: 60 }).map(secondsAgo),
          })
          .map(pod),
        { maxLength: 6 },
      ),
    })
    .map(workload);

  it('is healthy only for this operation, fresh, with every wanted pod ready for the soak', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(40), (facts, soakSeconds) => {
        const report = judgeRollout(facts, { ...TERMS, soakSeconds });
        if (report.status !== 'healthy') return;
        expect(facts.operationId).toBe('op_1');
        expect(facts.observedGeneration).toBeGreaterThanOrEqual(facts.generation);
        expect(Date.parse(facts.observedAt)).toBeGreaterThanOrEqual(Date.parse(secondsAgo(15)));
        const living = facts.pods.filter(one => !one.terminating);
        expect(living.every(one => one.templateHash === 'current')).toBe(true);
        const soaked = living.filter(
          one => one.ready && Date.parse(one.readySince ?? '') <= Date.parse(secondsAgo(soakSeconds)),
        );
        expect(soaked.length).toBeGreaterThanOrEqual(facts.desiredReplicas);
      }),
    );
  });
});
