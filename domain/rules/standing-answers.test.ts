import { describe, expect, it } from 'vitest';
import type { ApprovalDemand } from '../policy.ts';
import type { Requester } from '../requester.ts';
import { type Answer, decide } from './approval.ts';
import { type ApproverRights, standingAnswers } from './standing-answers.ts';

const OPERATOR: ApprovalDemand = { quorum: 1, roles: ['operator'], groups: [], acr: [], because: 'a rule' };
const MFA: ApprovalDemand = { ...OPERATOR, roles: [], acr: ['mfa'] };

describe('right before acting, an answer', () => {
  it('counts by the roles its giver has now', () => {
    const { answers, fallen } = judged([yes('abel')], [may('abel', { roles: ['operator'] })]);
    expect(decide({ answers, demands: [OPERATOR] })).toBe('approved');
    expect(fallen).toEqual([]);
  });

  it('falls with the role that it was given by', () => {
    const given = yes('abel', { roles: ['operator'] });
    expect(why([given], [may('abel', { roles: ['tenant_admin'] })])).toEqual([
      'abel has lost the role or group by which they were asked',
    ]);
    expect(why([given], [may('abel', { roles: ['operator'], mayDecide: false })])).toEqual([
      'abel may not decide on approvals any more',
    ]);
  });

  it('falls when its giver is disabled or gone', () => {
    expect(why([yes('abel')], [])).toEqual(['abel is disabled or gone']);
    const disabled = may('abel', { disabled: true, roles: ['operator'] });
    expect(why([yes('abel')], [disabled])).toEqual(['abel is disabled or gone']);
  });

  it('in somebody’s place stands by their right and the delegation, not by the giver’s own', () => {
    const answer = { ...yes('emil'), inPlaceOf: who('dora') };
    const dora = may('dora', { roles: ['operator'] });
    const emil = may('emil', { mayDecide: false, inPlaceOf: ['dora'] });
    expect(why([answer], [dora, emil])).toEqual([]);
    expect(why([answer], [dora, { ...emil, inPlaceOf: [] }])).toEqual([
      'emil does not decide in the place of dora any more',
    ]);
    expect(why([answer], [{ ...dora, mayDecide: false }, emil])).toEqual([
      'dora may not decide on approvals any more',
    ]);
    expect(why([answer], [emil])).toEqual(['dora may not decide on approvals any more']);
  });

  it('of an agent that acted for somebody stands by the right of that person, too', () => {
    const bot = may('bot', { personId: 'owner', roles: ['operator'] });
    const answer = yes('bot', { kind: 'agent', personId: 'dora' });
    const dora = may('dora', { roles: ['operator'] });
    expect(why([answer], [bot, dora])).toEqual([]);
    expect(why([answer], [bot, { ...dora, disabled: true }])).toEqual([
      'dora, for whom bot decided, is disabled or gone',
    ]);
    expect(why([answer], [bot, { ...dora, mayDecide: false }])).toEqual([
      'dora, for whom bot decided, may not decide on approvals any more',
    ]);
    expect(why([answer], [bot])).toEqual(['dora, for whom bot decided, is disabled or gone']);
  });

  it('of an agent that acted for itself needs no right of its owner', () => {
    const bot = may('bot', { personId: 'owner', roles: ['operator'] });
    expect(why([yes('bot', { kind: 'agent', personId: 'owner' })], [bot])).toEqual([]);
    expect(why([yes('bot', { kind: 'agent' })], [{ ...bot, personId: 'bot' }])).toEqual([]);
  });

  it('keeps how its giver had signed in', () => {
    const demands = [MFA];
    const { answers } = standingAnswers({
      answers: [yes('abel', { acr: 'mfa' }), yes('berta')],
      demands,
      rights: [may('abel'), may('berta')],
    });
    expect(answers.map(({ by }) => by.id)).toEqual(['abel']);
  });
});

function judged(answers: readonly Answer[], rights: readonly ApproverRights[]) {
  return standingAnswers({ answers, demands: [OPERATOR], rights });
}

function why(answers: readonly Answer[], rights: readonly ApproverRights[]): string[] {
  return judged(answers, rights).fallen.map(each => each.why);
}

function who(id: string, more: Partial<Requester> = {}): Requester {
  return { id, name: id, kind: 'human', personId: id, ...more };
}

function yes(id: string, more?: Partial<Requester>): Answer {
  return { by: who(id, more), decision: 'approve' };
}

function may(id: string, more: Partial<ApproverRights> = {}): ApproverRights {
  return {
    id,
    name: id,
    personId: id,
    mayDecide: true,
    disabled: false,
    roles: ['developer'],
    groups: [],
    inPlaceOf: [],
    ...more,
  };
}
