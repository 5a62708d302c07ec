import { describe, expect, it } from 'vitest';
import { withoutSecrets } from './redaction.ts';

describe('withoutSecrets', () => {
  it.each([
    ['Authorization: Bearer abcdefghijklmnop', 'Authorization: Bearer [redacted]'],
    ['key rtai_dev_k1_s3cr3t-x_9f', 'key [redacted]'],
    ['redis://user:hunter22@cache:6379', 'redis://user:[redacted]@cache:6379'],
    ['using sk-abcdefghijklmnopqrstuv now', 'using [redacted] now'],
    ['ghp_abcdefghijklmnopqrstuvwxyz', '[redacted]'],
    ['AWS AKIAABCDEFGHIJKLMNOP', 'AWS [redacted]'],
    ['{"password": "hunter22"}', '{"password": "[redacted]"}'],
    ['API_KEY=abcd1234 started', 'API_KEY=[redacted] started'],
  ])('turns %s into %s', (text, clean) => {
    expect(withoutSecrets(text)).toBe(clean);
  });

  it.each([
    'ready: knowledge base not reachable',
    'https://example.com:8080/path?x=1',
    'namespace rtai-acme--default',
    'secretKeyRef model-credentials is missing',
    'the token has expired',
  ])('leaves %s alone', text => {
    expect(withoutSecrets(text)).toBe(text);
  });
});
