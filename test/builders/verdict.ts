import type { PolicyVerdict } from '../../domain/policy.ts';

/** A verdict of the policies: everything is allowed, unless said otherwise. */
export function verdictOf(changes: Partial<PolicyVerdict> = {}): PolicyVerdict {
  return {
    answer: 'allow',
    policy: 'default',
    reason: 'nothing forbids it',
    rules: [],
    demands: [],
    expires_in_seconds: null,
    obligations: { budgets: [], egress: null },
    digest: 'd'.repeat(64),
    shadow: null,
    ...changes,
  };
}

/** A verdict that wants people’s consent, from anybody who may decide at all. */
export function consentWanted({
  quorum = 1,
  expiresInSeconds = 24 * 3600,
  reason = 'upgrades need an approval',
  ...changes
}: { quorum?: number; expiresInSeconds?: number } & Partial<PolicyVerdict> = {}): PolicyVerdict {
  return verdictOf({
    answer: 'require_approval',
    policy: 'guarded',
    reason,
    demands: [{ quorum, roles: [], groups: [], acr: [], because: reason }],
    expires_in_seconds: expiresInSeconds,
    ...changes,
  });
}

/** What the last look before acting answers where the policies say no by now. */
export const DENIED = {
  cleared: false,
  why: 'denied',
  verdict: verdictOf({ answer: 'deny', policy: 'freeze', reason: 'rule 1 of policy "freeze" denies it' }),
} as const;

/** What it answers where people must agree first. */
export const CONSENT_NEEDED = { cleared: false, why: 'consent_needed', verdict: consentWanted() } as const;
