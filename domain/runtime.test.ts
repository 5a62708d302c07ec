import { describe, expect, it } from 'vitest';
import { RuntimeCreateRequest, RuntimeType } from './runtime.ts';

describe('the audit of a runtime', () => {
  it.each(RuntimeType.options)('cannot be switched off for a %s, and the reason is said', type => {
    const request = (audit: boolean) =>
      RuntimeCreateRequest.safeParse({ name: 'one', type, spec: { security: { audit } } });
    expect(request(true).success).toBe(true);
    expect(request(false).error?.issues).toMatchObject([
      {
        path: ['spec', 'security', 'audit'],
        message: expect.stringContaining('cannot be switched off'),
      },
    ]);
  });
});
