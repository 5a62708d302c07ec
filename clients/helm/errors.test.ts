import { describe, expect, it } from 'vitest';
import { classify, readableTail } from './errors.ts';

/** Texts of Helm 4.2.4 and the API server 1.36, as they were printed. */
const SAID: readonly (readonly [string, string, boolean])[] = [
  [
    "UPGRADE FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\n- at '/image': 'x' does not match pattern",
    'schema',
    false,
  ],
  ['execution error at (trial/templates/x.yaml:1:3): governance.llmApiBaseUrl is required', 'render', false],
  [
    'trial/templates/x.yaml:1:10\n  executing "trial/templates/x.yaml" at <.Values.x.y.z>:\n    nil pointer evaluating interface {}.y',
    'render',
    false,
  ],
  [
    'YAML parse error on trial/templates/x.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content',
    'render',
    false,
  ],
  ['path "/nope" not found', 'render', false],
  [
    'UPGRADE FAILED: server-side apply failed for object t1/a apps/v1, Kind=Deployment: failed to create typed patch object (t1/a; apps/v1, Kind=Deployment): .spec.template.spec.nonsense: field not declared in schema',
    'refused',
    false,
  ],
  [
    'Upgrade "a" failed: conflict occurred while applying object t1/a apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "me": .spec.replicas',
    'conflict',
    false,
  ],
  [
    'unable to continue with install: Service "ex" in namespace "t1" exists and cannot be imported into the current release: invalid ownership metadata',
    'conflict',
    false,
  ],
  [
    'kubernetes cluster unreachable: Get "https://127.0.0.1:26459/version": dial tcp 127.0.0.1:26459: connect: connection refused',
    'unreachable',
    true,
  ],
  [
    'kubernetes cluster unreachable: the server has asked for the client to provide credentials',
    'refused',
    false,
  ],
  ['UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress', 'pending', true],
  ['UPGRADE FAILED: context canceled', 'cancelled', true],
  ['release: not found', 'not_found', false],
  ['release has no 77 version', 'not_found', false],
  ['create: failed to create: namespaces "nons" not found', 'refused', false],
  [
    'create: failed to create: secrets "sh.helm.release.v1.q.v1" is forbidden: unable to create new content in namespace t2 because it is being terminated',
    'refused',
    false,
  ],
  [
    'services "a" is forbidden: exceeded quota: tight, requested: count/services=1, used: count/services=0, limited: count/services=0',
    'quota',
    false,
  ],
  ['the moon is made of cheese', 'unknown', false],
];

describe('what Helm says', () => {
  it.each(SAID)('is understood: %s', (text, kind, retryable) => {
    expect(classify(text)).toMatchObject({ kind, retryable });
  });

  it('is shortened to its end', () => {
    const tail = readableTail(`${'a'.repeat(5000)}\nError: the end`, []);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(2048);
    expect(tail).toMatch(/the end$/);
  });

  it('does not give masked texts away, and leaves very short ones alone', () => {
    expect(readableTail("'top-secret' and '1'", ['top-secret', '1'])).toBe("'***' and '1'");
  });
});
