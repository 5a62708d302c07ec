import { describe, expect, test } from 'vitest';
import type { PolicyVerdict } from '../domain/policy.ts';
import { consentWanted, verdictOf } from '../test/builders/verdict.ts';
import { strictest } from './strictest.ts';

describe('strictest', () => {
  const allows = verdictOf({ policy: 'open', reason: 'open' });
  const denies = verdictOf({ answer: 'deny', policy: 'frozen', reason: 'frozen' });
  const asks = (policy: string, quorum: number, expiresInSeconds: number) =>
    consentWanted({ policy, reason: policy, quorum, expiresInSeconds });
  const demand = (because: string, quorum: number) => ({ quorum, roles: [], groups: [], acr: [], because });

  test.each<[string, PolicyVerdict[], Partial<PolicyVerdict>]>([
    ['a denial beside all else', [allows, asks('a', 3, 60), denies], denies],
    ['an approval beside an allowance', [allows, asks('a', 1, 60)], asks('a', 1, 60)],
    [
      'every demand, in the words of the one that asks most people, with the shortest expiry',
      [asks('a', 1, 60), asks('b', 3, 600), asks('c', 2, 300)],
      {
        policy: 'b',
        expires_in_seconds: 60,
        demands: [demand('a', 1), demand('b', 3), demand('c', 2)],
      },
    ],
    ['an allowance where nothing else is said', [allows, allows], allows],
    ['an allowance where nothing is asked for', [], { answer: 'allow', policy: 'none', demands: [] }],
  ])('is %s', (_, verdicts, verdict) => {
    expect(strictest(verdicts)).toMatchObject(verdict);
    expect(strictest(verdicts.toReversed())).toMatchObject(verdict);
  });

  test('keeps the smallest rest of a budget and where both let a runtime reach', () => {
    const left = (amount: number, cidrs: string[]) =>
      verdictOf({
        obligations: {
          budgets: [{ per: 'tenant', monthly: 100, left: amount, unit: 'EUR', because: 'rule 1' }],
          egress: { cidrs, namespaces: [], because: 'rule 2' },
        },
      });
    const { obligations } = strictest([left(40, ['10.0.0.0/8']), left(10, ['10.1.0.0/16'])]);
    expect(obligations.budgets).toMatchObject([{ left: 10 }]);
    expect(obligations.egress?.cidrs).toEqual(['10.1.0.0/16']);
  });

  test('keeps the strictest of what shadow policies would say', () => {
    const shadowed = (answer: PolicyVerdict['answer']) => verdictOf({ shadow: { answer, reason: answer } });
    expect(strictest([shadowed('allow'), allows, shadowed('deny')]).shadow).toEqual({
      answer: 'deny',
      reason: 'deny',
    });
  });
});
