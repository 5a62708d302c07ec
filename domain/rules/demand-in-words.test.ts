import { describe, expect, it } from 'vitest';
import type { ApprovalDemand } from '../policy.ts';
import { demandInWords } from './demand-in-words.ts';

const ANYBODY: ApprovalDemand = { quorum: 1, roles: [], groups: [], acr: [], because: 'a rule' };

describe('a demand', () => {
  it('says how many people it wants, and of which roles or groups', () => {
    expect(demandInWords(ANYBODY)).toBe('one person');
    expect(demandInWords({ ...ANYBODY, quorum: 2, roles: ['operator'], groups: ['security'] })).toBe(
      '2 people with role operator or group security',
    );
  });

  it('says how they must have signed in, which nobody does by a key', () => {
    expect(demandInWords({ ...ANYBODY, roles: ['operator'], acr: ['mfa', 'phr'] })).toBe(
      'one person with role operator, signed in by mfa or phr (keys do not count)',
    );
  });
});
