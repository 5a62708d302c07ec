import { RuleReference } from '../domain/policy.ts';

const KINDS: ReadonlySet<unknown> = new Set(RuleReference.shape.kind.options);

/**
 * Why what was kept as a rule is none that can be judged, or nothing. Rules are read in full when they are made; this
 * is for what another release or somebody's hand has put into the database, at a cost that each judgement can bear.
 */
export function formProblem(rule: unknown): string | undefined {
  if (!isObject(rule)) return 'it is no rule';
  const { kind, selector, when, params } = rule;
  if (!KINDS.has(kind)) return `there is no kind of rule ${JSON.stringify(kind)} in this release`;
  if (!isObject(selector) || !Object.values(selector).every(isWord)) return 'its selector cannot be read';
  if (when !== undefined && typeof when !== 'string') return 'its condition is no text';
  return paramsProblem(kind, params);
}

function paramsProblem(kind: unknown, params: unknown): string | undefined {
  const readable =
    kind === 'deny_action' || kind === 'allow_action' || (isObject(params) && fitsKind(kind, params));
  return readable ? undefined : 'its params cannot be read';
}

function fitsKind(kind: unknown, params: Readonly<Record<string, unknown>>): boolean {
  if (kind === 'require_approval') return isApproval(params);
  if (kind === 'data_egress') return areTexts(params['cidrs']) && areTexts(params['namespaces']);
  const { monthly, per, over, approval } = params;
  const holds = typeof monthly === 'number' && typeof per === 'string' && BUDGETS.has(per);
  return holds && OVER.has(over) && (approval === undefined || (isObject(approval) && isApproval(approval)));
}

const BUDGETS: ReadonlySet<unknown> = new Set(['tenant', 'project', 'environment', 'runtime']);
const OVER: ReadonlySet<unknown> = new Set(['deny', 'require_approval']);

function isApproval(params: Readonly<Record<string, unknown>>): boolean {
  const { quorum, expires_in_seconds: expires, roles, groups, acr } = params;
  const lists = [roles, groups, acr].every(each => each === undefined || areTexts(each));
  return lists && isCount(quorum) && isCount(expires);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(each => typeof each === 'string');
}

/** A text, or labels. */
function isWord(value: unknown): boolean {
  if (value === undefined || typeof value === 'string') return true;
  return isObject(value) && Object.values(value).every(each => typeof each === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
