import { describe, expect, it } from 'vitest';
import { fieldsOf, listOf } from '../../../clients/kubernetes/objects.ts';
import { type RuntimeUnderTest, useRuntime } from './runtime-under-test.ts';
import type { Conformance } from './suite.ts';
import { Walker } from './walker.ts';

type Reach = Conformance['egress'];

const ALLOWED = { cidrs: ['192.0.2.0/24', '2001:db8::/32'], namespaces: ['data-lake'] };

/** What policies let a runtime reach is what the NetworkPolicy in the cluster says, whatever the runtime asked for. */
export function describeEgress(suite: Conformance): void {
  const reach = suite.egress;
  describe('reaches what policies allow', () => {
    const runtime = useRuntime(suite, { absent: true });
    let obliged: Walker;

    it('and nothing else although it asked for everything', async () => {
      obliged = obligedWalker(runtime());
      await obliged.walk({ verb: 'create' }, { spec: reach.open, power: 'running' });
      expect(await peersOf(runtime(), reach)).toEqual(allowedPeers(reach));
      expect(await openWays(runtime(), reach)).toEqual([]);
    });

    it('and has what it asked for again by a change without such a policy, which its plan shows', async () => {
      const { walker, adapter, target } = runtime();
      const free = follow(walker, obliged);
      const step = free.step({ verb: 'tune_policy' });
      const { changes, base } = await adapter.plan(step);
      expect(changes).toContainEqual(
        expect.objectContaining({
          kind: 'NetworkPolicy',
          name: reach.policy(target).name,
          change: 'update',
          diff: expect.stringMatching(/^-.*192\.0\.2\.0\/24/m),
        }),
      );
      await free.reach(step, await free.begin(step, base));
      free.now = step.desired;
      expect(await openWays(runtime(), reach)).toEqual([{}]);
    });

    it.runIf(suite.capabilities.includes('stop'))('when it is started under such a policy', async () => {
      const { walker } = runtime();
      const running = { spec: reach.open, power: 'running' as const };
      await walker.walk({ verb: 'stop', force: false }, { ...running, power: 'stopped' });
      await follow(obliged, walker).walk({ verb: 'start' }, running);
      expect(await peersOf(runtime(), reach)).toEqual(allowedPeers(reach));
      expect(await openWays(runtime(), reach)).toEqual([]);
    });
  });
}

function allowedPeers({ also = { cidrs: [], namespaces: [] } }: Reach) {
  return {
    cidrs: [...ALLOWED.cidrs, ...also.cidrs].sort(),
    namespaces: [...ALLOWED.namespaces, ...also.namespaces].sort(),
  };
}

/** Walks the same runtime under a policy. */
function obligedWalker({ walker }: RuntimeUnderTest): Walker {
  const { adapter, target, deadlineSeconds } = walker;
  return new Walker({ adapter, target: { ...target, egress: ALLOWED }, deadlineSeconds });
}

/** The walker that goes on where the other is. */
function follow(walker: Walker, { now, knownRevision }: Walker): Walker {
  return Object.assign(walker, { now, knownRevision });
}

async function rulesOf({ kubernetes, target }: RuntimeUnderTest, { policy }: Reach) {
  const found = await kubernetes.get(policy(target));
  expect(found?.metadata.name, 'the NetworkPolicy of the runtime').toBe(policy(target).name);
  return listOf(fieldsOf(found?.['spec'])['egress']).filter(rule => !isDns(rule));
}

function isDns(rule: Readonly<Record<string, unknown>>): boolean {
  const ports = listOf(rule['ports']);
  return ports.length > 0 && ports.every(({ port }) => port === 53);
}

/** Rules that let everything out. */
async function openWays(runtime: RuntimeUnderTest, reach: Reach) {
  return (await rulesOf(runtime, reach)).filter(rule => listOf(rule['to']).length === 0);
}

/** Whom all rules but that of DNS name outside of the runtime's own namespace. */
async function peersOf(runtime: RuntimeUnderTest, reach: Reach) {
  const peers = (await rulesOf(runtime, reach)).flatMap(rule => listOf(rule['to']));
  const outside = peers.filter(peer => !('podSelector' in peer) || 'namespaceSelector' in peer);
  const cidrs = outside.flatMap(peer =>
    'ipBlock' in peer ? [String(fieldsOf(peer['ipBlock'])['cidr'])] : [],
  );
  const selected = outside.flatMap(peer => ('namespaceSelector' in peer ? [peer['namespaceSelector']] : []));
  return { cidrs: cidrs.sort(), namespaces: selected.flatMap(namesIn).sort() };
}

function namesIn(selector: unknown): string[] {
  const expressions = listOf(fieldsOf(selector)['matchExpressions']);
  const named = expressions.filter(({ key }) => key === 'kubernetes.io/metadata.name');
  // A selector that names nobody lets everybody in.
  if (named.length === 0) return ['every namespace'];
  return named.flatMap(({ values }) => values as string[]);
}
