import { expect, it } from 'vitest';
import { isSame, type Live } from './live.ts';

function live(resourceVersion: string, uid?: string): Live {
  const metadata = { name: 'box', namespace: 'ns' };
  return {
    claim: undefined,
    sandbox: { apiVersion: 'v1', kind: 'Sandbox', metadata: { ...metadata, resourceVersion } },
    pod: uid === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, uid } },
  };
}

it('two looks saw the same when neither the Sandbox nor its pod is another', () => {
  expect(isSame(live('1', 'one'), live('1', 'one'))).toBe(true);
  expect(isSame(live('1'), live('1'))).toBe(true);
});

it('two looks saw different things when the controller wrote in between, or the pod was replaced', () => {
  expect(isSame(live('1', 'one'), live('2', 'one'))).toBe(false);
  expect(isSame(live('1', 'one'), live('1', 'two'))).toBe(false);
  expect(isSame(live('1', 'one'), live('1'))).toBe(false);
});
