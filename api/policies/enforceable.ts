import { PolicyAction, PolicyRule } from '../../domain/policy.ts';
import { ProblemError } from '../http/problem.ts';
import { unprocessableRequest } from '../http/schema.pipe.ts';
import type { StatedRule } from './policies.schemas.ts';

type Issues = Parameters<typeof unprocessableRequest>[1];

/** The rules in the judge's words. Whoever states a rule relies on it, so one that nobody would enforce is refused. */
export function enforceable(rules: readonly StatedRule[]): PolicyRule[] {
  const read = rules.map(readRule);
  const issues = read.flatMap(({ issues }, index) =>
    issues.map(issue => ({ ...issue, path: ['rules', index, ...(issue.path ?? [])] })),
  );
  if (issues.length > 0) throw notEnforced(issues);
  return read.flatMap(({ rule }) => rule ?? []);
}

function readRule({ kind, selector, params, reason }: StatedRule): { rule?: PolicyRule; issues: Issues } {
  if (!isEnforced(kind)) {
    const message = `is not enforced yet; the kinds that are: ${ENFORCED.join(', ')}`;
    return { issues: [{ path: ['kind'], message }] };
  }
  const parsed = PolicyRule.safeParse({
    kind,
    ...(selector && { selector }),
    ...(params && { params }),
    ...(reason !== undefined && { reason }),
  });
  if (!parsed.success) return { issues: parsed.error.issues };
  const { action } = parsed.data.selector;
  if (action === undefined || coversAny(action)) return { rule: parsed.data, issues: [] };
  const message = `covers no action; the actions are: ${PolicyAction.options.join(', ')}`;
  return { issues: [{ path: ['selector', 'action'], message }] };
}

const ENFORCED = PolicyRule.options.map(({ shape }) => shape.kind.value);

function isEnforced(kind: string): boolean {
  return (ENFORCED as readonly string[]).includes(kind);
}

function coversAny(pattern: string): boolean {
  return PolicyAction.options.some(action =>
    pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern,
  );
}

function notEnforced(issues: Issues): ProblemError {
  const { message, extras } = unprocessableRequest('', issues);
  return new ProblemError('rule_not_enforced', message, extras);
}
