import type { Policy, PolicyQuestion, PolicyRule } from '../domain/policy.ts';
import { covers } from './glob.ts';

/** A word of a rule's selector, or the scope of its policy, that does not fit the question. */
export interface Misfit {
  readonly word: string;
  readonly wanted: string;
  readonly is: string;
}

/** Whether every word of the rule's selector and its policy's scope fit the question. */
export function selects(
  policy: Pick<Policy, 'scope_env'>,
  { selector }: PolicyRule,
  question: PolicyQuestion,
): boolean {
  const { environment, project, tenant, runtime } = question;
  return (
    fits(policy.scope_env ?? undefined, environment) &&
    fits(selector.environment, environment) &&
    fits(selector.tenant, tenant) &&
    fits(selector.project, project) &&
    fits(selector.runtime_kind, runtime.type) &&
    fits(selector.lifecycle, runtime.lifecycle) &&
    (selector.action === undefined || covers(selector.action, question.action)) &&
    Object.entries(selector.labels ?? {}).every(([key, wanted]) => bears(runtime.labels, key, wanted))
  );
}

/** Every word that does not fit, with what was wanted and what is. */
export function misfitsOf(
  policy: Pick<Policy, 'scope_env'>,
  { selector }: PolicyRule,
  question: PolicyQuestion,
): Misfit[] {
  const { runtime } = question;
  const words: [string, string | undefined, string][] = [
    ['scope_env', policy.scope_env ?? undefined, question.environment],
    ['tenant', selector.tenant, question.tenant],
    ['environment', selector.environment, question.environment],
    ['project', selector.project, question.project],
    ['runtime_kind', selector.runtime_kind, runtime.type],
    ['lifecycle', selector.lifecycle, runtime.lifecycle],
  ];
  return [
    ...words.flatMap(([word, wanted, is]) =>
      wanted === undefined || wanted === is ? [] : [{ word, wanted, is }],
    ),
    ...(selector.action === undefined || covers(selector.action, question.action)
      ? []
      : [{ word: 'action', wanted: selector.action, is: question.action }]),
    ...Object.entries(selector.labels ?? {}).flatMap(([key, wanted]) =>
      bears(runtime.labels, key, wanted)
        ? []
        : [{ word: `labels.${key}`, wanted, is: labelOf(runtime.labels, key) ?? 'no such label' }],
    ),
  ];
}

function fits(wanted: string | undefined, is: string): boolean {
  return wanted === undefined || wanted === is;
}

function bears(labels: Readonly<Record<string, string>>, key: string, wanted: string): boolean {
  const value = labelOf(labels, key);
  return value !== undefined && (wanted === '*' || wanted === value);
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
