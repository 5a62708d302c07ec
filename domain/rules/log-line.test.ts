import { describe, expect, it } from 'vitest';
import { messageOfLogLine } from './log-line.ts';

describe('messageOfLogLine', () => {
  it('takes the message out of a JSON line, whatever the logger calls it', () => {
    expect(messageOfLogLine('{"level":"ERROR","msg":"knowledge base not reachable"}')).toBe(
      'knowledge base not reachable',
    );
    expect(messageOfLogLine('{"message":"no model"}')).toBe('no model');
    expect(messageOfLogLine('{"level":"error","event":"no model"}')).toBe('no model');
  });

  it('leaves every other line as it is', () => {
    for (const line of ['panic: no model', '{"level":"ERROR","msg":"cut of', '{"code":7}', '{"msg":""}', ''])
      expect(messageOfLogLine(line)).toBe(line);
  });
});
