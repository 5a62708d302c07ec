import { describe, expect, it } from 'vitest';
import { RestrictedEgress } from '../egress.ts';
import { callersOf, DNS_ALONE, dnsRules, type EgressTerms, egressOf, policySpec } from './network-rules.ts';

const PORTS = [
  { port: 53, protocol: 'UDP' },
  { port: 53, protocol: 'TCP' },
];

const OPEN = { exposure: 'private', egress_policy: 'open' } as const;

const terms = (given: Partial<EgressTerms>): EgressTerms => ({
  target: {},
  networking: undefined,
  restrictedEgress: undefined,
  ...given,
});

describe('the network of a runtime', () => {
  it('lets its own namespace in, and the whole cluster when it is internal', () => {
    expect(callersOf(undefined)).toEqual({ podSelector: {} });
    expect(callersOf({ exposure: 'internal', egress_policy: 'open' })).toEqual({ namespaceSelector: {} });
  });

  it('lets it out to DNS alone, unless it is open', () => {
    expect(egressOf(terms({}))).toEqual(dnsRules(DNS_ALONE));
    expect(dnsRules(DNS_ALONE)).toMatchObject([{ ports: PORTS }]);
    expect(egressOf(terms({ networking: OPEN }))).toEqual([{}]);
  });

  it('lets it out to what the installation allows, on every port', () => {
    const allowed = {
      ...DNS_ALONE,
      dnsNamespaces: [],
      dnsCidrs: ['169.254.20.10/32'],
      cidrs: ['10.0.0.0/8'],
    };
    expect(egressOf(terms({ restrictedEgress: { ...allowed, namespaces: ['tools'] } }))).toEqual([
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

  it.each([[undefined], [OPEN]])(
    'lets it out to DNS and what policies allow in place of all else, asked for %j',
    networking => {
      const restrictedEgress = {
        ...DNS_ALONE,
        dnsNamespaces: ['dns'],
        cidrs: ['10.0.0.0/8'],
        namespaces: ['a'],
      };
      const egress = { cidrs: ['192.0.2.0/24', '2001:db8::/32'], namespaces: [] };
      expect(egressOf({ target: { egress }, networking, restrictedEgress })).toEqual([
        ...dnsRules(restrictedEgress),
        { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }, { ipBlock: { cidr: '2001:db8::/32' } }] },
      ]);
    },
  );

  it('lets it out to DNS alone when policies allow nothing, and never to everything by an empty list', () => {
    const egress = { cidrs: [], namespaces: [] };
    expect(egressOf({ target: { egress }, networking: OPEN, restrictedEgress: undefined })).toEqual(
      dnsRules(DNS_ALONE),
    );
  });

  it('is around every pod of the runtime, and none that only bears its label inside a virtual cluster', () => {
    const target = { runtimeId: 'rt_1' };
    expect(policySpec({ ...terms({}), target })).toEqual({
      podSelector: {
        matchLabels: { 'runtimeai.dev/runtime': 'rt_1' },
        matchExpressions: [{ key: 'vcluster.loft.sh/managed-by', operator: 'DoesNotExist' }],
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: dnsRules(DNS_ALONE),
    });
  });

  it('leads nowhere when nothing is allowed', () => {
    const nothing = { dnsNamespaces: [], dnsCidrs: [], namespaces: [], cidrs: [] };
    expect(egressOf(terms({ restrictedEgress: nothing }))).toEqual([]);
  });

  it('is by default what an installation that sets nothing has', () => {
    expect(RestrictedEgress.parse({})).toEqual(DNS_ALONE);
  });
});
