import type { Policy, PolicyRule, Selector } from '../domain/policy.ts';
import { BEGINNINGS } from './defaults.ts';
import { actionsOf } from './glob.ts';

/** A rule's selector together with the environment its policy is limited to. */
export interface Scope {
  readonly scope_env: Policy['scope_env'];
  readonly selector: Selector;
}

const WORDS = ['tenant', 'project', 'runtime_kind', 'lifecycle', 'environment'] as const;

/** Whether some question fits both. */
export function overlap(one: Scope, other: Scope): boolean {
  return (
    WORDS.every(word => agree(wordOf(one, word), wordOf(other, word))) &&
    actionsOf(one.selector.action).some(action => actionsOf(other.selector.action).includes(action)) &&
    Object.entries(one.selector.labels ?? {}).every(([key, value]) =>
      agreeOnLabel(value, other.selector.labels?.[key]),
    )
  );
}

/** Whether every question that fits the second fits the first. */
export function includes(outer: Scope, inner: Scope): boolean {
  return (
    WORDS.every(word => wordOf(outer, word) === undefined || wordOf(outer, word) === wordOf(inner, word)) &&
    actionsOf(inner.selector.action).every(action => actionsOf(outer.selector.action).includes(action)) &&
    Object.entries(outer.selector.labels ?? {}).every(([key, value]) => {
      const label = inner.selector.labels?.[key];
      return label !== undefined && (value === '*' || value === label);
    })
  );
}

/** Why a rule can match nothing at all, and which word of its selector says so; nothing when it can. */
export function emptiness({
  scope_env,
  selector,
  tenants,
}: Scope & { readonly tenants?: readonly string[] | undefined }):
  | { word: keyof PolicyRule['selector']; message: string }
  | undefined {
  const { environment, action, lifecycle, tenant } = selector;
  const nothing = 'it can match nothing';
  if (scope_env && environment && scope_env !== environment)
    return {
      word: 'environment',
      message: `wants ${environment}, but the policy holds in ${scope_env} only: ${nothing}`,
    };
  const actions = actionsOf(action);
  if (actions.length === 0) return { word: 'action', message: `there is no action ${action}: ${nothing}` };
  if (lifecycle === 'new' && !actions.some(each => BEGINNINGS.includes(each)))
    return {
      word: 'lifecycle',
      message: `nothing that is new is asked for ${action}, only for ${BEGINNINGS.join(' and ')}: ${nothing}`,
    };
  if (tenant && tenants && !tenants.includes(tenant))
    return { word: 'tenant', message: `${tenant} is neither this tenant nor one below it: ${nothing}` };
  return undefined;
}

function wordOf({ selector, scope_env }: Scope, word: (typeof WORDS)[number]): string | undefined {
  return word === 'environment' ? (selector.environment ?? scope_env ?? undefined) : selector[word];
}

function agree(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

function agreeOnLabel(one: string, other: string | undefined): boolean {
  return other === undefined || one === '*' || other === '*' || one === other;
}
