import { describe, expect, it } from 'vitest';
import { RestrictedEgress } from '../egress.ts';
import { callersOf, DNS_ALONE, dnsRules, egressOf, policySpec } from './network-rules.ts';

const PORTS = [
  { port: 53, protocol: 'UDP' },
  { port: 53, protocol: 'TCP' },
];

describe('the network of a runtime', () => {
  it('lets its own namespace in, and the whole cluster when it is internal', () => {
    expect(callersOf(undefined)).toEqual({ podSelector: {} });
    expect(callersOf({ exposure: 'internal', egress_policy: 'open' })).toEqual({ namespaceSelector: {} });
  });

  it('lets it out to DNS alone, unless it is open', () => {
    expect(egressOf(undefined, DNS_ALONE)).toEqual(dnsRules(DNS_ALONE));
    expect(dnsRules(DNS_ALONE)).toMatchObject([{ ports: PORTS }]);
    expect(egressOf({ exposure: 'private', egress_policy: 'open' }, DNS_ALONE)).toEqual([{}]);
  });

  it('lets it out to what the installation allows, on every port', () => {
    const allowed = {
      ...DNS_ALONE,
      dnsNamespaces: [],
      dnsCidrs: ['169.254.20.10/32'],
      cidrs: ['10.0.0.0/8'],
    };
    expect(egressOf(undefined, { ...allowed, namespaces: ['tools'] })).toEqual([
      { to: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: PORTS },
      {
        to: [
          {
            namespaceSelector: {
              matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['tools'] }],
            },
          },
          { ipBlock: { cidr: '10.0.0.0/8' } },
        ],
      },
    ]);
  });

  it('is around every pod of the runtime', () => {
    const asked = { runtimeId: 'rt_1', networking: undefined, restrictedEgress: undefined };
    expect(policySpec(asked)).toEqual({
      podSelector: { matchLabels: { 'runtimeai.dev/runtime': 'rt_1' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: dnsRules(DNS_ALONE),
    });
  });

  it('leads nowhere when nothing is allowed', () => {
    const nothing = { dnsNamespaces: [], dnsCidrs: [], namespaces: [], cidrs: [] };
    expect(egressOf(undefined, nothing)).toEqual([]);
  });

  it('is by default what an installation that sets nothing has', () => {
    expect(RestrictedEgress.parse({})).toEqual(DNS_ALONE);
  });
});
