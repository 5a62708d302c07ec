import { describe, expect, it } from 'vitest';
import { createLog, temporalLog } from './log.ts';

function logging(level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  const log = createLog('api', level, { write: line => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('createLog', () => {
  it('writes one JSON object per line with process, level, time and the fields given', () => {
    const { log, last, lines } = logging();
    log.child({ operation: 'op_1', tenant: 'acme', runtime: 'rt_1' }).info('verifying');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      process: 'api',
      level: 'info',
      operation: 'op_1',
      tenant: 'acme',
      runtime: 'rt_1',
      msg: 'verifying',
    });
    expect(Date.parse(String(last()['time']))).toBeGreaterThan(0);
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = logging('info');
    log.debug('unheard');
    expect(lines).toEqual([]);
  });

  it.each([
    ['a header', { headers: { authorization: 'Bearer verysecretvalue' } }, ''],
    ['a field that is called so', { token: 'verysecretvalue' }, ''],
    ['an API key in a text', {}, 'refused rtai_dev_abc_verysecretvalue_1a2b'],
    ['a password in an address', {}, 'postgres://app:verysecretvalue@db/x'],
    ['a setting in a message', {}, 'started with password=verysecretvalue'],
  ])('blanks %s and stays JSON', (_what, fields, message) => {
    const { log, lines, last } = logging();
    log.info(fields, message);
    expect(lines[0]).not.toContain('verysecretvalue');
    expect(JSON.stringify(last())).toContain('[redacted]');
  });

  it('speaks for the Temporal SDK', () => {
    const { log, last } = logging();
    temporalLog(log).log('WARN', 'an activity failed', {
      workflowId: 'runtime/rt_1',
      error: new Error('why'),
    });
    expect(last()).toMatchObject({ level: 'warn', workflowId: 'runtime/rt_1', err: { message: 'why' } });
  });
});
