import { describe, expect, test } from 'vitest';
import { allow, egress, fromAbove, policyOf, questionFor } from '../test/builders/policies.ts';
import { isCidr, isWithin } from './cidr.ts';
import { bothEgress } from './egress.ts';
import { judge } from './judge.ts';

const reach = (...policies: Parameters<typeof judge>[1]) =>
  judge(questionFor(), [policyOf('open', allow()), ...policies]).obligations.egress;

describe('egress', () => {
  test('is not spoken of without a rule about it', () => {
    expect(
      reach(policyOf('a', egress({ cidrs: ['10.0.0.0/8'] }, { selector: { project: 'other' } }))),
    ).toBeNull();
  });

  test('is what all matching rules name together', () => {
    const one = policyOf('a', egress({ cidrs: ['10.1.0.0/16'], namespaces: ['data'] }));
    const other = policyOf('b', egress({ cidrs: ['10.1.0.0/16', '10.0.0.0/24'] }));
    expect(reach(one, other)).toEqual({
      cidrs: ['10.0.0.0/24', '10.1.0.0/16'],
      namespaces: ['data'],
      because: 'rule 1 of policy "a", rule 1 of policy "b"',
    });
  });

  test('is nowhere when a rule names nothing', () => {
    expect(reach(policyOf('a', egress({})))).toMatchObject({ cidrs: [], namespaces: [] });
  });

  test('is bounded by every tenant above', () => {
    const own = policyOf(
      'own',
      egress({ cidrs: ['10.1.0.0/16', '192.168.0.0/16', '0.0.0.0/0'], namespaces: ['data', 'secret'] }),
    );
    const parent = fromAbove(policyOf('p', egress({ cidrs: ['10.0.0.0/8'], namespaces: ['data', 'logs'] })));
    expect(reach(own, parent)).toMatchObject({ cidrs: ['10.1.0.0/16'], namespaces: ['data'] });
    const grandparent = fromAbove(policyOf('g', egress({ cidrs: ['10.2.0.0/16'] })), 'group');
    expect(reach(own, parent, grandparent)).toMatchObject({ cidrs: [], namespaces: [] });
  });

  test('is what those above allow where the tenant itself says nothing', () => {
    expect(reach(fromAbove(policyOf('p', egress({ cidrs: ['10.0.0.0/8'] }))))).toMatchObject({
      cidrs: ['10.0.0.0/8'],
    });
  });

  test('of two verdicts is what both let through', () => {
    const one = { cidrs: ['10.0.0.0/8'], namespaces: ['a', 'b'], because: 'x' };
    const other = { cidrs: ['10.1.0.0/16', '11.0.0.0/8'], namespaces: ['b'], because: 'y' };
    expect(bothEgress(one, other)).toEqual({ cidrs: ['10.1.0.0/16'], namespaces: ['b'], because: 'x, y' });
    expect(bothEgress(one, null)).toEqual(one);
  });
});

describe('a range of addresses', () => {
  test.each([
    ['10.1.0.0/16', ['10.0.0.0/8'], true],
    ['10.0.0.0/8', ['10.0.0.0/8'], true],
    ['10.0.0.0/8', ['10.1.0.0/16'], false],
    ['10.0.0.0/8', ['10.0.0.0/9', '10.128.0.0/9'], true],
    ['10.0.0.0/8', ['10.0.0.0/9', '10.129.0.0/16'], false],
    ['10.9.8.7/8', ['10.0.0.0/8'], true],
    ['11.0.0.0/32', ['10.0.0.0/8'], false],
    ['0.0.0.0/0', ['0.0.0.0/1', '128.0.0.0/1'], true],
    ['255.255.255.255/32', ['0.0.0.0/0'], true],
    ['2001:db8:1::/48', ['2001:db8::/32'], true],
    ['2001:DB8::/32', ['2001:0db8:0:0::/32'], true],
    ['2001:db9::/32', ['2001:db8::/32'], false],
    ['::/0', ['0.0.0.0/0'], false],
    ['10.0.0.0/8', ['::/0'], false],
    ['::ffff:a00:1/128', ['10.0.0.0/8'], false],
    ['fe80::1/128', ['fe80::/10', '10.0.0.0/8'], true],
    ['300.0.0.0/8', ['0.0.0.0/0'], false],
    ['10.0.0.0/8', ['300.0.0.0/0'], false],
  ])('%s is within %j: %s', (inner, outer, answer) => {
    expect(isWithin(inner, outer)).toBe(answer);
  });

  test.each([
    '10.0.0.0',
    '10.0.0/8',
    '10.0.0.0/33',
    '010.0.0.0/8',
    '1::2::3/64',
    ':::/0',
    '12345::/16',
    '::/129',
    '1:2:3:4:5:6:7/64',
    '10.0.0.0/8/8',
    '/8',
    '',
  ])('%s is none', text => {
    expect(isCidr(text)).toBe(false);
  });
});
