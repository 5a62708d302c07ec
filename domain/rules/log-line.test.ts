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

  it('adds the error, as text or as an object', () => {
    expect(messageOfLogLine('{"msg":"stopped","error":"crash: no registry"}')).toBe(
      'stopped: crash: no registry',
    );
    expect(messageOfLogLine('{"msg":"stopped","err":{"type":"Error","message":"no registry"}}')).toBe(
      'stopped: no registry',
    );
    expect(messageOfLogLine('{"msg":"no registry","error":"no registry"}')).toBe('no registry');
    expect(messageOfLogLine('{"error":"no registry"}')).toBe('no registry');
  });

  it('leaves every other line as it is', () => {
    for (const line of ['panic: no model', '{"level":"ERROR","msg":"cut of', '{"code":7}', '{"msg":""}', ''])
      expect(messageOfLogLine(line)).toBe(line);
  });
});
