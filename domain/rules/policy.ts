import type { Policy, PolicyQuestion, PolicyRule, PolicyVerdict } from '../policy.ts';

/** Judges a question: any deny, else the strictest approval asked for, else an allow, else deny. No policies means deny. */
export function judge(question: PolicyQuestion, policies: readonly Policy[]): PolicyVerdict {
  if (policies.length === 0) return noPolicies(question);
  const matches = matchingRules(question, policies);
  return denied(matches, question) ?? approvalRequired(matches, question) ?? allowed(matches, question);
}

/** Several verdicts as one: any deny, else the strictest of the approvals asked for, else allow. */
export function strictest(verdicts: readonly PolicyVerdict[]): PolicyVerdict {
  const denied = verdicts.find(({ answer }) => answer === 'deny');
  if (denied) return denied;
  const asking = verdicts.filter(({ answer }) => answer === 'require_approval');
  const [first] = asking;
  if (!first) return verdicts[0] ?? { answer: 'allow', policy: 'none', reason: 'nothing is asked for' };
  const quorum = Math.max(...asking.map(({ approval }) => approval?.quorum ?? 1));
  const expiresInSeconds = Math.min(...asking.map(({ approval }) => approval?.expiresInSeconds ?? Infinity));
  const one = asking.find(({ approval }) => approval?.quorum === quorum) ?? first;
  return { ...one, approval: { quorum, expiresInSeconds } };
}

interface Match {
  readonly policy: string;
  readonly number: number;
  readonly rule: PolicyRule;
}

function matchingRules(question: PolicyQuestion, policies: readonly Policy[]): Match[] {
  return policies
    .filter(({ scope_env }) => scope_env === null || scope_env === question.environment)
    .flatMap(policy => policy.rules.map((rule, index) => ({ policy: policy.name, number: index + 1, rule })))
    .filter(({ rule }) => selects(rule.selector, question));
}

function selects(selector: PolicyRule['selector'], question: PolicyQuestion): boolean {
  const { action, environment, project } = selector;
  return (
    (action === undefined || covers(action, question.action)) &&
    (environment === undefined || environment === question.environment) &&
    (project === undefined || project === question.project)
  );
}

function covers(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
}

function denied(matches: readonly Match[], question: PolicyQuestion): PolicyVerdict | undefined {
  for (const match of matches) {
    if (match.rule.kind !== 'deny_action') continue;
    const why = match.rule.reason ? `: ${match.rule.reason}` : '';
    const reason = `${ruleName(match)} denies ${asked(question)}${why}`;
    return { answer: 'deny', policy: match.policy, reason };
  }
  return undefined;
}

function approvalRequired(matches: readonly Match[], question: PolicyQuestion): PolicyVerdict | undefined {
  const asking = matches.flatMap(match =>
    match.rule.kind === 'require_approval' ? [{ ...match, params: match.rule.params }] : [],
  );
  const [first, ...others] = asking;
  if (!first) return undefined;
  const strictest = others.reduce((a, b) => (b.params.quorum > a.params.quorum ? b : a), first);
  const quorum = strictest.params.quorum;
  const expiresInSeconds = Math.min(...asking.map(({ params }) => params.expires_in_seconds));
  const people = quorum === 1 ? 'one person' : `${quorum} people`;
  return {
    answer: 'require_approval',
    policy: strictest.policy,
    reason: `${ruleName(strictest)} requires the approval of ${people} for ${asked(question)}`,
    approval: { quorum, expiresInSeconds },
  };
}

function allowed(matches: readonly Match[], question: PolicyQuestion): PolicyVerdict {
  const match = matches.find(({ rule }) => rule.kind === 'allow_action');
  if (match) {
    return {
      answer: 'allow',
      policy: match.policy,
      reason: `${ruleName(match)} allows ${asked(question)}`,
    };
  }
  return {
    answer: 'deny',
    policy: 'default',
    reason: `no rule of tenant ${question.tenantId} allows ${asked(question)}, and what is not allowed is denied; add an allow_action rule for it`,
  };
}

function noPolicies(question: PolicyQuestion): PolicyVerdict {
  return {
    answer: 'deny',
    policy: 'none',
    reason: `tenant ${question.tenantId} has no policy, and without one everything is denied; set one with npm run admin -- policy set`,
  };
}

function ruleName({ policy, number }: Match): string {
  return `rule ${number} of policy "${policy}"`;
}

function asked({ action, project, environment }: PolicyQuestion): string {
  return `${action} in ${environment} (project ${project})`;
}
