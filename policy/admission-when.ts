import { unparse } from '@bufbuild/cel';
import { ENVIRONMENT_LABEL, PROJECT_LABEL } from '../domain/rules/labels.ts';
import type { RuntimeType } from '../domain/runtime.ts';
import type { ClusterKind, ClusterOperation } from './admission-kinds.ts';
import { childrenOf, constantText, type Expression, parseCel } from './cel/syntax.ts';

/** Where an expression shall hold in the cluster. */
export interface ClusterPlace {
  readonly tenant: string;
  readonly type: RuntimeType;
  readonly kind: ClusterKind;
  readonly operation: ClusterOperation;
}

/** The expression over the object in the cluster, or the word in it that the object does not show. */
export type Translation = { readonly text: string } | { readonly unknown: string };

/** Says a rule's `when` in the API server's words. */
export function translateWhen(when: string, place: ClusterPlace): Translation {
  const read = parseCel(when);
  if ('problem' in read) return { unknown: `an expression that ${read.problem.message}` };
  const unknown = rewrite(read.parsed.expr, place);
  return unknown === undefined ? { text: unparse(read.parsed.expr) } : { unknown };
}

/** The object as it was before a change, else as it shall be: a runtime’s labels and name never change. */
export const SUBJECT = { name: 'subject', expression: 'oldObject != null ? oldObject : object' } as const;

const METADATA = `variables.${SUBJECT.name}.metadata`;

/** Operators and functions that the API server and our own rules take to mean the same. */
const SHARED = new Set([
  ...['_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_', '_&&_', '_||_', '!_', '_?_:_', '@in', '_in_', '_[_]'],
  ...['startsWith', 'endsWith', 'contains', 'matches', 'size'],
]);

/** Puts the object's fields in place of the question's words; answers the first thing that cannot be said. */
function rewrite(node: Expression, place: ClusterPlace): string | undefined {
  const path = pathOf(node);
  if (path?.join('.') === 'runtime.labels') return 'runtime.labels, other than by name';
  if (path !== undefined) return rewriteWord(node, { path, place });
  const asked = askedLabels(node);
  if (asked) return rewriteWord(asked, { path: ['runtime', 'labels'], place });
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr') return 'exists, all or exists_one';
  if (exprKind.case === 'callExpr' && !SHARED.has(exprKind.value.function))
    return `the function ${exprKind.value.function}`;
  for (const child of childrenOf(node)) {
    const unknown = rewrite(child, place);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

function rewriteWord(
  node: Expression,
  { path, place }: { path: readonly string[]; place: ClusterPlace },
): string | undefined {
  const text = isTested(node) ? testInCluster(path, place) : wordInCluster(path, place);
  if (text === undefined) return path.join('.');
  const replacement = parseCel(text);
  if ('problem' in replacement) return path.join('.');
  node.exprKind = replacement.parsed.expr.exprKind;
  return undefined;
}

/** `has(runtime.labels.team)`; the other words are always there. */
function testInCluster(path: readonly string[], place: ClusterPlace): string | undefined {
  const text = wordInCluster(path, place);
  if (text === undefined) return undefined;
  const label = labelIn(path);
  return label === undefined ? 'true' : `${JSON.stringify(label)} in ${METADATA}.labels`;
}

function labelIn([first, second, third, ...more]: readonly string[]): string | undefined {
  const isLabel = first === 'runtime' && second === 'labels' && more.length === 0;
  return isLabel && third !== undefined && isUsers(third) ? third : undefined;
}

/** What a word of the question is in the cluster, in CEL. */
function wordInCluster(path: readonly string[], { tenant, type, kind, operation }: ClusterPlace) {
  const label = labelIn(path);
  if (label !== undefined) return kind.showsLabels ? labelOf(label) : undefined;
  const words: Record<string, string | undefined> = {
    tenant: JSON.stringify(tenant),
    project: labelOf(PROJECT_LABEL),
    environment: kind.showsEnvironment ? labelOf(ENVIRONMENT_LABEL) : undefined,
    'runtime.labels': kind.showsLabels ? `${METADATA}.labels` : undefined,
    'runtime.type': JSON.stringify(type),
    'runtime.name': kind.showsName ? `${METADATA}.name` : undefined,
    'desired.image': operation === 'DELETE' ? undefined : kind.image,
  };
  return words[path.join('.')];
}

function labelOf(key: string): string {
  return `${METADATA}.labels[${JSON.stringify(key)}]`;
}

/** `runtime.labels.team` and `runtime.labels["team"]` as their names; nothing for what is no word of the question. */
function pathOf({ exprKind }: Expression): string[] | undefined {
  switch (exprKind.case) {
    case 'identExpr':
      return [exprKind.value.name];
    case 'selectExpr': {
      const before = exprKind.value.operand && pathOf(exprKind.value.operand);
      return before && [...before, exprKind.value.field];
    }
    case 'callExpr': {
      if (exprKind.value.function !== '_[_]') return undefined;
      const [list, index] = exprKind.value.args;
      const before = list && pathOf(list);
      const key = index && constantText(index);
      return before && key !== undefined ? [...before, key] : undefined;
    }
    default:
      return undefined;
  }
}

/** The labels in `"team" in runtime.labels`; the object has ours beside them, so nothing else may be asked of them all. */
function askedLabels({ exprKind }: Expression): Expression | undefined {
  if (exprKind.case !== 'callExpr' || !IN.includes(exprKind.value.function)) return undefined;
  const [key, labels] = exprKind.value.args;
  const isByName = key && labels && isUsers(constantText(key) ?? '/');
  return isByName && pathOf(labels)?.join('.') === 'runtime.labels' ? labels : undefined;
}

/** Labels with a prefix are ours or Kubernetes’; a runtime has none. */
function isUsers(label: string): boolean {
  return !label.includes('/');
}

const IN = ['@in', '_in_'];

function isTested({ exprKind }: Expression): boolean {
  return exprKind.case === 'selectExpr' && exprKind.value.testOnly;
}
