import { describe, expect, it } from 'vitest';
import { statusObject } from '../../test/fakes/kubernetes-api.ts';
import { refused, unreachable } from './errors.ts';

const ATTEMPT = { what: 'Applying Deployment a/b', server: 'https://cluster:6443' };

function refusal(code: number, reason: string, message: string, details: object = {}) {
  return refused(ATTEMPT, {
    status: code,
    body: JSON.stringify(statusObject(code, reason, message, details)),
  });
}

describe('refused', () => {
  it.each([
    [401, 'Unauthorized', 'Unauthorized', 'unauthorized', false],
    [403, 'Forbidden', 'deployments.apps is forbidden: User "x" cannot patch', 'forbidden', false],
    [403, 'Forbidden', 'pods "x" is forbidden: exceeded quota: slot, requested: pods=1', 'quota', false],
    [404, 'NotFound', 'namespaces "x" not found', 'not_found', false],
    [
      409,
      'Conflict',
      'the object has been modified; please apply your changes to the latest',
      'conflict',
      true,
    ],
    [409, 'AlreadyExists', 'configmaps "x" already exists', 'conflict', false],
    [409, 'AlreadyExists', 'object is being deleted: namespaces "x" already exists', 'terminating', true],
    [422, 'Invalid', 'Deployment.apps "x" is invalid: spec.replicas', 'invalid', false],
    [400, 'BadRequest', 'unknown field "spec.bogus"', 'invalid', false],
    [500, '', 'failed to create typed patch object: .bogus: field not declared in schema', 'invalid', false],
    [429, 'TooManyRequests', 'too many requests', 'throttled', true],
    [410, 'Expired', 'too old resource version', 'server', true],
    [500, 'InternalError', 'failed calling webhook', 'server', true],
    [503, 'ServiceUnavailable', 'apiserver is shutting down', 'server', true],
  ] as const)('calls %i %s (%s) %s', (code, reason, message, kind, retryable) => {
    expect(refusal(code, reason, message)).toMatchObject({ kind, retryable, status: code });
  });

  it('knows a namespace that is going away from a prohibition', () => {
    const details = {
      causes: [{ reason: 'NamespaceTerminating', message: 'namespace x is being terminated' }],
    };
    expect(refusal(403, 'Forbidden', 'unable to create new content', details)).toMatchObject({
      kind: 'terminating',
      retryable: true,
    });
  });

  it('does not try again what belongs to another field manager', () => {
    const details = { causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }] };
    expect(refusal(409, 'Conflict', 'Apply failed with 1 conflict', details)).toMatchObject({
      kind: 'conflict',
      retryable: false,
    });
  });

  it('says what was tried, on what, what came back and what to do', () => {
    expect(refusal(401, 'Unauthorized', 'Unauthorized').message).toBe(
      'Applying Deployment a/b: https://cluster:6443 answered 401 Unauthorized: Unauthorized. ' +
        'Check the credentials of the named kubeconfig context, or of this pod’s service account.',
    );
  });

  it('takes text that is no JSON as the message', () => {
    const error = refused(ATTEMPT, { status: 502, body: '<html>Bad Gateway</html>' });
    expect(error).toMatchObject({ kind: 'server', reason: 'HTTP 502' });
    expect(error.message).toContain('Bad Gateway');
  });

  it('hands over how long to wait', () => {
    expect(refused(ATTEMPT, { status: 429, body: '{}', retryAfter: '7' }).retryAfterSeconds).toBe(7);
    expect(refusal(500, 'ServerTimeout', 'try later', { retryAfterSeconds: 3 }).retryAfterSeconds).toBe(3);
  });
});

describe('unreachable', () => {
  it('is tried again when the network is the reason, not when the certificate is', () => {
    const network = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(unreachable(ATTEMPT, network)).toMatchObject({
      kind: 'unreachable',
      retryable: true,
      reason: 'ECONNREFUSED',
    });
    const trust = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(unreachable(ATTEMPT, trust)).toMatchObject({ kind: 'unreachable', retryable: false });
  });
});
