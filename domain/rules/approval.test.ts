import { describe, expect, it } from 'vitest';
import type { ApprovalDemand } from '../policy.ts';
import type { Requester } from '../requester.ts';
import {
  type Answer,
  answerOf,
  decide,
  type Offer,
  progressOf,
  type Question,
  whyNotWelcome,
  withdrawableBy,
} from './approval.ts';

const ANYBODY: ApprovalDemand = { quorum: 1, roles: [], groups: [], acr: [], because: 'a rule' };
const OPERATOR: ApprovalDemand = { ...ANYBODY, roles: ['operator'] };
const SECURITY: ApprovalDemand = { ...ANYBODY, groups: ['security'] };

describe('an approval', () => {
  it('is open as long as nobody has answered, also when nothing in particular is demanded', () => {
    expect(decide({ answers: [], demands: [ANYBODY] })).toBe('open');
    expect(decide({ answers: [], demands: [] })).toBe('open');
    expect(decide({ answers: [yes('abel')], demands: [] })).toBe('approved');
  });

  it('is approved by as many different persons as its quorum', () => {
    expect(of([yes('abel')], 1)).toBe('approved');
    expect(of([yes('abel')], 2)).toBe('open');
    expect(of([yes('abel'), yes('berta')], 2)).toBe('approved');
    expect(of([yes('abel'), yes('berta'), yes('carl')], 2)).toBe('approved');
  });

  it('counts a person once, by whatever key or login they answer, and an agent as its person', () => {
    expect(of([yes('abel'), yes('abel')], 2)).toBe('open');
    expect(of([yes('abel'), yes('bot', { kind: 'agent', personId: 'abel' })], 2)).toBe('open');
    const acting = { kind: 'agent', personId: 'dora', onBehalfOf: { id: 'abel', name: 'abel' } } as const;
    expect(of([yes('abel'), yes('bot', acting)], 2)).toBe('open');
  });

  it('tells persons apart by their id, not by their name', () => {
    expect(of([yes('abel'), yes('another', { name: 'abel' })], 2)).toBe('approved');
  });

  it('is rejected by a single no, whoever has approved before or after', () => {
    expect(of([no('berta')], 1)).toBe('rejected');
    expect(of([yes('abel'), no('berta')], 2)).toBe('rejected');
    expect(of([no('berta'), yes('abel'), yes('carl')], 2)).toBe('rejected');
  });

  it('needs every demand met, by the role or the group it names', () => {
    const demands = [OPERATOR, SECURITY];
    const operator = yes('abel', { roles: ['operator'] });
    const guard = yes('berta', { groups: ['security'] });
    expect(decide({ answers: [operator], demands })).toBe('open');
    expect(decide({ answers: [operator, guard], demands })).toBe('approved');
    expect(decide({ answers: [yes('carl', { roles: ['operator'], groups: ['security'] })], demands })).toBe(
      'approved',
    );
    expect(progressOf({ answers: [operator], demands }).map(({ missing }) => missing)).toEqual([0, 1]);
  });

  it('takes a role or a group where a demand names both', () => {
    const either = [{ ...OPERATOR, groups: ['security'], quorum: 2 }];
    const answers = [yes('abel', { roles: ['operator'] }), yes('berta', { groups: ['security'] })];
    expect(decide({ answers, demands: either })).toBe('approved');
  });

  it('that demands a strong login is not met by a key or a weaker login', () => {
    const demands = [{ ...ANYBODY, acr: ['mfa'] }];
    expect(decide({ answers: [yes('abel')], demands })).toBe('open');
    expect(decide({ answers: [yes('abel', { acr: 'password' })], demands })).toBe('open');
    expect(decide({ answers: [yes('abel', { acr: 'mfa' })], demands })).toBe('approved');
  });

  it('counts an answer in somebody’s place by their rights, as one person together with theirs', () => {
    const dora = who('dora', { roles: ['operator'] });
    const forDora: Answer = { ...yes('emil'), inPlaceOf: dora };
    expect(decide({ answers: [forDora], demands: [OPERATOR] })).toBe('approved');
    const both = { answers: [forDora, { ...yes('dora'), by: dora }], demands: [{ ...OPERATOR, quorum: 2 }] };
    expect(decide(both)).toBe('open');
  });
});

describe('a decision', () => {
  it('is welcome from somebody whom a demand is about', () => {
    expect(refusal(offer('abel', { roles: ['operator'] }))).toBeUndefined();
    expect(refusal(offer('abel', { roles: ['developer'] }))).toBe('not_an_approver');
    expect(refusal({ ...offer('abel'), decision: 'reject' })).toBe('not_an_approver');
  });

  it('is not welcome from who asked, by another key, through an agent or as one', () => {
    const operator = { roles: ['operator'] } as const;
    expect(refusal(offer('rosa', operator))).toBe('four_eyes');
    expect(refusal(offer('rosa-bot', { ...operator, kind: 'agent', personId: 'rosa' }))).toBe('four_eyes');
    const acting = { ...operator, personId: 'x', onBehalfOf: { id: 'rosa', name: 'Rosa' } };
    expect(refusal(offer('bot', acting))).toBe('four_eyes');
    expect(refusal(offer('abel', { ...operator, issuedBy: 'rosa' }))).toBe('four_eyes');
    expect(refusal(offer('abel', { ...operator, issuedBy: 'emil' }))).toBeUndefined();
    const lent = { ...operator, kind: 'agent', personId: 'x', ownerId: 'rosa' } as const;
    expect(refusal(offer('lent-bot', lent))).toBe('four_eyes');
    const asked = { requester: who('bot', { kind: 'agent', personId: 'rosa' }) };
    expect(refusal(offer('rosa', operator), asked)).toBe('four_eyes');
  });

  it('is taken once from each person', () => {
    const question = { answers: [yes('abel', { roles: ['operator'] })] };
    expect(refusal(offer('abel', { roles: ['operator'] }), question)).toBe('already_decided');
    expect(refusal(offer('bot', { personId: 'abel', roles: ['operator'] }), question)).toBe(
      'already_decided',
    );
  });

  it('about something else than what would be done now is refused', () => {
    const operator = offer('abel', { roles: ['operator'] });
    expect(refusal({ ...operator, digest: 'other' })).toBe('approval_changed');
    expect(refusal({ ...operator, digest: 'shown' })).toBeUndefined();
  });

  it('of somebody without any right of their own counts only in the place of another', () => {
    const nobody = offer('emil', { roles: [], groups: ['security'] });
    const open = { demands: [ANYBODY] };
    expect(refusal(nobody, open)).toBe('not_an_approver');
    expect(refusal(nobody, { demands: [SECURITY] })).toBe('not_an_approver');
    const dora = who('dora', { roles: ['operator'] });
    expect(taken({ ...nobody, inPlaceOf: [dora] }, open)).toMatchObject({ inPlaceOf: dora });
    expect(refusal({ ...nobody, inPlaceOf: [who('rosa', { roles: ['operator'] })] }, open)).toBe('four_eyes');
  });

  it('in somebody’s place counts as theirs; one’s own right comes first', () => {
    const dora = who('dora', { roles: ['operator'] });
    expect(taken({ ...offer('emil'), inPlaceOf: [dora] })).toMatchObject({ inPlaceOf: { id: 'dora' } });
    const own = taken({ ...offer('emil', { roles: ['operator'] }), inPlaceOf: [dora] });
    expect(own).not.toHaveProperty('inPlaceOf');
  });

  it('goes to a demand that is still unmet, also when one’s own right fits another', () => {
    const guard = who('dora', { groups: ['security'] });
    const answers = [yes('abel', { roles: ['operator'] })];
    const given = { ...offer('emil', { roles: ['operator'] }), inPlaceOf: [guard] };
    expect(taken(given, { answers, demands: [OPERATOR, SECURITY] })).toMatchObject({ inPlaceOf: guard });
  });

  it('in the place of who asked, or of who has decided, is refused as theirs would be', () => {
    const rosa = who('rosa', { roles: ['operator'] });
    expect(refusal({ ...offer('emil'), inPlaceOf: [rosa] })).toBe('four_eyes');
    const dora = who('dora', { roles: ['operator'] });
    const answers = [yes('dora', { roles: ['operator'] })];
    expect(refusal({ ...offer('emil'), inPlaceOf: [dora] }, { answers })).toBe('already_decided');
  });

  it('of somebody in whose place another has decided comes too late', () => {
    const dora = who('dora', { roles: ['operator'] });
    const answers: Answer[] = [{ ...yes('emil'), inPlaceOf: dora }];
    const late = whyNotWelcome({ by: dora, decision: 'approve' }, asked({ answers }));
    expect(late).toEqual({
      code: 'already_decided',
      message: 'dora has already decided on this approval, by emil in their place',
    });
  });

  it('can be taken back by who gave it and by whom it was given for, and by nobody else', () => {
    const dora = who('dora', { roles: ['operator'] });
    const answers: Answer[] = [{ ...yes('emil'), inPlaceOf: dora }, yes('abel')];
    expect(withdrawableBy(who('emil'), answers)).toBe(answers[0]);
    expect(withdrawableBy(dora, answers)).toBe(answers[0]);
    expect(withdrawableBy(who('abel-key', { personId: 'abel' }), answers)).toBe(answers[1]);
    expect(withdrawableBy(who('carl'), answers)).toBeUndefined();
  });

  it('that does not count is answered with whom the demands are about', () => {
    const demands = [{ ...OPERATOR, quorum: 2 }, SECURITY];
    expect(whyNotWelcome(offer('carl'), asked({ demands }))?.message).toContain(
      '2 people with role operator; one person with group security',
    );
  });
});

function of(answers: readonly Answer[], quorum: number) {
  return decide({ answers, demands: [{ ...ANYBODY, quorum }] });
}

function asked(question: Partial<Question> = {}): Question {
  return { requester: who('rosa'), demands: [OPERATOR], answers: [], digest: 'shown', ...question };
}

function refusal(given: Offer, question?: Partial<Question>) {
  return whyNotWelcome(given, asked(question))?.code;
}

function taken(given: Offer, question?: Partial<Question>) {
  expect(refusal(given, question)).toBeUndefined();
  return answerOf(given, asked(question));
}

function who(id: string, more: Partial<Requester> = {}): Requester {
  return { id, name: id, kind: 'human', personId: id, ...more };
}

function offer(id: string, more?: Partial<Requester>): Offer {
  return { by: who(id, more), decision: 'approve' };
}

function yes(id: string, more?: Partial<Requester>): Answer {
  return { by: who(id, more), decision: 'approve' };
}

function no(id: string): Answer {
  return { ...yes(id), decision: 'reject', comment: 'not now' };
}
