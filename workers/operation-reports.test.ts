import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createLog } from '../process/log.ts';
import { OperationReports } from './operation-reports.ts';

const OPERATION = { operationId: 'op_1', tenantId: 'acme', runtimeId: 'rt_1', deploymentId: 'dep_1' };

function reporting() {
  const lines: string[] = [];
  const log = createLog('control', 'info', { write: line => void lines.push(line) });
  const registry = new Registry();
  const reports = new OperationReports({ log, registry });
  return { reports, registry, logged: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) };
}

test('each recorded change is one log line with operation, tenant and runtime', () => {
  const { reports, logged } = reporting();
  reports.recorded({
    activity: 'admitDeployment',
    given: OPERATION,
    output: { admitted: true, policy: { reason: 'rule 1 allows it' } },
  });
  reports.recorded({
    activity: 'recordStage',
    given: { ...OPERATION, step: 1, stage: 'rolling_back', message: 'never ready' },
    output: undefined,
  });
  reports.recorded({
    activity: 'recordOutcome',
    given: { ...OPERATION, step: 2, outcome: 'rolled_back', message: 'back on revision 2' },
    output: undefined,
  });
  const fields = { operation: 'op_1', tenant: 'acme', runtime: 'rt_1' };
  expect(logged()).toEqual([
    expect.objectContaining({ ...fields, level: 'info', msg: 'preparing: rule 1 allows it' }),
    expect.objectContaining({ ...fields, level: 'warn', msg: 'rolling_back: never ready' }),
    expect.objectContaining({ ...fields, level: 'warn', msg: 'rolled_back: back on revision 2' }),
  ]);
});

test('a change is reported like a deploy, and each of its steps', () => {
  const { reports, logged } = reporting();
  const change = { subject: 'lifecycle.scale', verb: 'scale', type: 'vm', by: 'Ada', steps: [] };
  reports.recorded({
    activity: 'admitChange',
    given: OPERATION,
    output: { admitted: true, policy: { reason: 'rule 1 allows it' } },
  });
  reports.recorded({
    activity: 'recordStepDone',
    given: { ...OPERATION, step: 1, done: { verb: 'scale' }, message: '4 cores', change },
    output: undefined,
  });
  reports.recorded({
    activity: 'recordStepDone',
    given: { ...OPERATION, step: 2, done: 'undone', message: 'scale was taken back', change },
    output: undefined,
  });
  reports.recorded({
    activity: 'recordChangeOutcome',
    given: { ...OPERATION, step: 3, outcome: 'rolled_back', message: 'what was before is back', change },
    output: undefined,
  });
  expect(logged()).toMatchObject([
    { level: 'info', msg: 'preparing: rule 1 allows it' },
    { level: 'info', msg: 'lifecycle.scale: 4 cores', verb: 'scale' },
    { level: 'warn', msg: 'lifecycle.scale: scale was taken back' },
    { level: 'warn', msg: 'rolled_back: what was before is back' },
  ]);
});

test('outcomes, refusals and the time in each stage are counted', async () => {
  const { reports, registry } = reporting();
  reports.recorded({
    activity: 'admitDeployment',
    given: OPERATION,
    output: { admitted: false, code: 'quota_exceeded', reason: 'too much' },
  });
  reports.recorded({
    activity: 'admitDeployment',
    given: OPERATION,
    output: { admitted: true, policy: { reason: 'rule 2 asks' } },
  });
  reports.recorded({
    activity: 'openApproval',
    given: { ...OPERATION, step: 1, message: 'rule 2 asks' },
    output: { id: 'apr_1' },
  });
  reports.recorded({
    activity: 'recordOutcome',
    given: { ...OPERATION, step: 2, outcome: 'expired', message: 'nobody decided in time' },
    output: undefined,
  });
  const text = await registry.metrics();
  expect(text).toContain('runtimeai_refusals_total{code="quota_exceeded"} 1');
  expect(text).toContain('runtimeai_operations_total{outcome="expired"} 1');
  expect(text).toContain('runtimeai_stage_seconds_count{stage="awaiting_approval"} 1');
  expect(text).toContain('runtimeai_operation_seconds_count{outcome="expired"} 1');
});

test('the last look before acting is a stage when it lets it act, and a line that says why when not', () => {
  const { reports, logged } = reporting();
  const given = { ...OPERATION, step: 2, stage: 'applying', message: '1 to update' };
  reports.recorded({ activity: 'clear', given, output: { cleared: true } });
  const verdict = { policy: 'freeze', reason: 'rule 1 denies it' };
  reports.recorded({ activity: 'clear', given, output: { cleared: false, why: 'denied', verdict } });
  expect(logged()).toMatchObject([
    { msg: 'applying: 1 to update', stage: 'applying' },
    { msg: 'not cleared: rule 1 denies it', why: 'denied', policy: 'freeze' },
  ]);
});

test('an operation that began in another process is counted, and its durations are not guessed', async () => {
  const { reports, registry } = reporting();
  reports.recorded({
    activity: 'recordOutcome',
    given: { ...OPERATION, step: 3, outcome: 'succeeded', message: 'all pods are ready' },
    output: undefined,
  });
  const text = await registry.metrics();
  expect(text).toContain('runtimeai_operations_total{outcome="succeeded"} 1');
  expect(text).not.toContain('runtimeai_operation_seconds_count');
});
