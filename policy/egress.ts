import type { EgressParams, Obligations } from '../domain/policy.ts';
import { isCidr, isWithin } from './cidr.ts';
import { compare, type Placed, ruleName } from './naming.ts';

type Egress = NonNullable<Obligations['egress']>;
type Reach = Pick<Egress, 'cidrs' | 'namespaces'>;

/**
 * Where the runtime may reach by all matching data_egress rules: what the tenant's own rules name together, as far as
 * every tenant above allows it; without own rules, what those above allow.
 */
export function egressObligation(matches: readonly Placed[]): Egress | null {
  const rules = matches.flatMap(placed =>
    placed.rule.kind === 'data_egress' ? [{ placed, params: placed.rule.params }] : [],
  );
  if (rules.length === 0) return null;
  const own = rules.filter(({ placed }) => placed.policy.inherited_from === null);
  const above = Object.values(
    Object.groupBy(
      rules.filter(({ placed }) => placed.policy.inherited_from !== null),
      ({ placed }) => placed.policy.inherited_from ?? '',
    ),
  ).map(some => unionOf((some ?? []).map(({ params }) => params)));
  const wanted = unionOf((own.length > 0 ? own : rules).map(({ params }) => params));
  const because = rules.map(({ placed }) => ruleName(placed)).join(', ');
  return { ...above.reduce(boundedBy, wanted), because };
}

/** Where two verdicts on one runtime both let it reach: of two ranges in one another the smaller. */
export function bothEgress(one: Egress | null, other: Egress | null): Egress | null {
  if (!one || !other) return one ?? other;
  return {
    cidrs: sorted([
      ...one.cidrs.filter(cidr => isWithin(cidr, other.cidrs)),
      ...other.cidrs.filter(cidr => isWithin(cidr, one.cidrs)),
    ]),
    namespaces: one.namespaces.filter(name => other.namespaces.includes(name)),
    because: sorted([...one.because.split(', '), ...other.because.split(', ')]).join(', '),
  };
}

function unionOf(params: readonly EgressParams[]): Reach {
  return {
    cidrs: sorted(params.flatMap(({ cidrs }) => cidrs)).filter(isCidr),
    namespaces: sorted(params.flatMap(({ namespaces }) => namespaces)),
  };
}

function boundedBy(reach: Reach, bound: Reach): Reach {
  return {
    cidrs: reach.cidrs.filter(cidr => isWithin(cidr, bound.cidrs)),
    namespaces: reach.namespaces.filter(name => bound.namespaces.includes(name)),
  };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted(compare);
}
