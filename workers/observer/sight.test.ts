import { describe, expect, it } from 'vitest';
import type { KindState } from './kind-watch.ts';
import { sightOf, wordFor } from './sight.ts';

const SANDBOX = { apiVersion: 'agents.x-k8s.io/v1beta1', kind: 'Sandbox' };
const CLAIM = { apiVersion: 'extensions.agents.x-k8s.io/v1beta1', kind: 'SandboxClaim' };
const MACHINE = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };

function watching(...kinds: readonly [typeof SANDBOX, KindState, number][]) {
  return new Map(
    kinds.map(([kind, state, age]) => [wordFor(kind), { state: () => state, ageSeconds: () => age }]),
  );
}

describe('the sight on runtimes', () => {
  const maxAgeSeconds = 15;

  it('is clear when every kind is followed or not installed', () => {
    const watches = watching([SANDBOX, 'followed', 1], [CLAIM, 'not_installed', 4]);
    expect(sightOf([SANDBOX, CLAIM, DEPLOYMENT], { watches, maxAgeSeconds })).toEqual({ is: 'clear' });
  });

  it('is not there yet while one is read for the first time', () => {
    const watches = watching([SANDBOX, 'followed', 1], [CLAIM, 'listing', 4]);
    expect(sightOf([SANDBOX, CLAIM], { watches, maxAgeSeconds })).toEqual({ is: 'not_yet' });
  });

  it('is blind for those whose kind is silent, and for no others', () => {
    const watches = watching([SANDBOX, 'followed', 16], [MACHINE, 'followed', 1]);
    expect(sightOf([SANDBOX], { watches, maxAgeSeconds })).toEqual({
      is: 'blind',
      reason: 'The observer has not heard of Sandbox (agents.x-k8s.io/v1beta1) for more than 15 s.',
    });
    expect(sightOf([MACHINE], { watches, maxAgeSeconds })).toEqual({ is: 'clear' });
  });
});
