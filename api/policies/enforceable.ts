import { PolicyRule } from '../../domain/policy.ts';
import { checkRules, type Whereabouts } from '../../policy/check-rules.ts';
import { ProblemError } from '../http/problem.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import type { StatedRule } from './policies.schemas.ts';

type Issues = Parameters<typeof unprocessableRequest>[1];

/** Where the stated rules stand in the request and shall hold. */
export interface Stated extends Whereabouts {
  readonly rules: readonly StatedRule[];
  /** Path of the object whose `rules` they are. */
  readonly within?: readonly (string | number)[];
}

/** The rules in the judge's words. Whoever states a rule relies on it, so one that nobody would enforce is refused. */
export function enforceable({ rules, within = [], ...whereabouts }: Stated): PolicyRule[] {
  const read = rules.map(readRule);
  const issues = read.flatMap((each, index) =>
    issuesOf(each, whereabouts).map(issue => placed(issue, [...within, 'rules', index])),
  );
  if (issues.length > 0) throw notEnforced(issues);
  return read.flatMap(({ rule }) => rule ?? []);
}

interface ReadRule {
  readonly rule?: PolicyRule;
  readonly issues: Issues;
}

function readRule({ kind, selector, params, when, reason }: StatedRule): ReadRule {
  const parsed = PolicyRule.safeParse({
    kind,
    ...(selector && { selector }),
    ...(params && { params }),
    ...(when !== undefined && { when }),
    ...(reason !== undefined && { reason }),
  });
  return parsed.success ? { rule: parsed.data, issues: [] } : { issues: parsed.error.issues };
}

/** Rule by rule, so that one that cannot be read does not move the places of the others. */
function issuesOf({ rule, issues }: ReadRule, whereabouts: Whereabouts): Issues {
  if (!rule) return issues;
  return checkRules([rule], whereabouts).map(({ path: [, ...path], message }) => ({ path, message }));
}

function placed(issue: Issues[number], path: readonly (string | number)[]): Issues[number] {
  return { ...issue, path: [...path, ...(issue.path ?? [])] };
}

function notEnforced(issues: Issues): ProblemError {
  const { message, extras } = unprocessableRequest('', issues);
  return new ProblemError('rule_not_enforced', message, extras);
}
