import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovalDemand } from '../policy.ts';
import type { Role } from '../principal.ts';
import type { Requester } from '../requester.ts';
import { type Answer, answerOf, decide, type Offer, personsOf, whyNotWelcome } from './approval.ts';

const PERSONS = ['ann', 'ben', 'cem', 'dee', 'eva'] as const;
const ROLES: readonly Role[] = ['operator', 'tenant_admin', 'developer'];
const person = fc.constantFrom(...PERSONS);

/** A person by one of their keys or logins, or an agent of theirs. */
const requester: fc.Arbitrary<Requester> = fc
  .record({
    person,
    key: fc.constantFrom('login', 'agent'),
    roles: fc.subarray([...ROLES]),
    groups: fc.subarray(['security', 'finance']),
    acr: fc.constantFrom('mfa', 'password', undefined),
  })
  .map(({ person: personId, key, roles, groups, acr }) => ({
    id: key === 'login' ? personId : `${key}-of-${personId}`,
    name: personId,
    kind: key === 'login' ? 'human' : 'agent',
    personId,
    roles,
    groups,
    ...(acr !== undefined && { acr }),
  }));

const demand: fc.Arbitrary<ApprovalDemand> = fc.record({
  quorum: fc.integer({ min: 1, max: 3 }),
  roles: fc.subarray([...ROLES]),
  groups: fc.subarray(['security', 'finance']),
  acr: fc.subarray(['mfa']),
  because: fc.constant('a rule'),
});
const demands = fc.array(demand, { minLength: 1, maxLength: 3 });

const decision = fc.constantFrom('approve', 'approve', 'approve', 'reject');
const offer: fc.Arbitrary<Offer> = fc.record({
  by: requester,
  inPlaceOf: fc.array(requester, { maxLength: 2 }),
  decision: decision as fc.Arbitrary<'approve' | 'reject'>,
});
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ by: requester, decision: fc.constant('approve' as const) }),
  fc.record({ by: requester, inPlaceOf: requester, decision: fc.constant('approve' as const) }),
);

describe('whatever is answered', () => {
  it('an approval is never given by fewer different persons than the largest quorum', () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 6 }), demands, (answers, wanted) => {
        fc.pre(decide({ answers, demands: wanted }) === 'approved');
        const clicking = new Set(answers.map(({ by }) => by.personId));
        const entitled = new Set(answers.map(({ by, inPlaceOf }) => (inPlaceOf ?? by).personId));
        const quorum = Math.max(...wanted.map(each => each.quorum));
        expect(Math.min(clicking.size, entitled.size)).toBeGreaterThanOrEqual(quorum);
      }),
    );
  });

  it('its order does not matter', () => {
    const shuffled = fc
      .array(
        fc.oneof(
          answer,
          answer,
          answer.map(each => ({ ...each, decision: 'reject' as const })),
        ),
      )
      .chain(answers =>
        fc.tuple(fc.constant(answers), fc.shuffledSubarray(answers, { minLength: answers.length })),
      );
    fc.assert(
      fc.property(shuffled, demands, ([answers, others], wanted) => {
        expect(decide({ answers: others, demands: wanted })).toBe(decide({ answers, demands: wanted }));
      }),
    );
  });

  it('neither who asked nor anybody in their place is ever among the answers taken, and nobody is twice', () => {
    fc.assert(
      fc.property(requester, fc.array(offer, { maxLength: 8 }), demands, (asking, offers, wanted) => {
        const persons = takeAll({ asking, offers, wanted }).map(each => [...new Set(personsOf(each))]);
        expect(persons.flat()).not.toContain(asking.personId);
        const named = persons.flatMap(each => each.filter(id => (PERSONS as readonly string[]).includes(id)));
        expect(new Set(named).size).toBe(named.length);
      }),
    );
  });

  it('an answer that was taken fits a demand, or nothing was demanded of anybody', () => {
    fc.assert(
      fc.property(requester, fc.array(offer, { maxLength: 5 }), demands, (asking, offers, wanted) => {
        const taken = takeAll({ asking, offers, wanted });
        for (const { by, inPlaceOf } of taken) {
          const { roles = [], groups = [] } = inPlaceOf ?? by;
          const asked = wanted.some(
            each =>
              (each.roles.length + each.groups.length === 0 ||
                each.roles.some(role => roles.includes(role)) ||
                each.groups.some(group => groups.includes(group))) &&
              (each.acr.length === 0 || by.acr === 'mfa'),
          );
          expect(asked).toBe(true);
        }
      }),
    );
  });
});

/** The answers that a gate lets in, one after the other, until the question is closed. */
function takeAll(given: { asking: Requester; offers: readonly Offer[]; wanted: readonly ApprovalDemand[] }) {
  const answers: Answer[] = [];
  for (const each of given.offers) {
    const question = { requester: given.asking, demands: given.wanted, answers, digest: '' };
    if (decide(question) !== 'open') break;
    if (!whyNotWelcome(each, question)) answers.push(answerOf(each, question));
  }
  return answers;
}
