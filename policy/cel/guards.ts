import { unparse } from '@bufbuild/cel';
import { programOf } from './evaluate.ts';
import { QUESTION, type Shape } from './shape.ts';
import { childrenOf, constantText, type Expression, type Parsed } from './syntax.ts';

/** A term that may not be there, and how to ask whether it is. */
export interface Unguarded {
  readonly term: string;
  readonly guard: string;
}

/**
 * Terms that fail where something is missing (a label, what was before a new runtime) although the expression asks
 * nowhere whether it is there. A hint: where it is asked, nobody checks that it is asked in the right place.
 */
export function unguardedTerms(when: string): Unguarded[] {
  const program = when === '' ? undefined : programOf(when);
  if (!program || 'problem' in program) return [];
  const text = squeezed(when);
  const terms = risky(program.parsed.expr, program.parsed);
  const distinct = new Map(terms.map(each => [each.term, each]));
  return [...distinct.values()]
    .filter(({ guards }) => !guards.some(guard => text.includes(squeezed(guard))))
    .map(({ term, guards: [guard = ''] }) => ({ term, guard }));
}

interface Risk {
  readonly term: string;
  readonly guards: readonly string[];
}

function risky(node: Expression, parsed: Parsed): Risk[] {
  if (node.exprKind.case === 'selectExpr' && node.exprKind.value.testOnly) return [];
  const here = riskOf(node, parsed);
  return here ? [here] : childrenOf(node).flatMap(child => risky(child, parsed));
}

function riskOf(node: Expression, parsed: Parsed): Risk | undefined {
  const [of, field] = accessOf(node);
  const from = of && shapeOf(of);
  if (!of || !from || field === undefined) return undefined;
  const text = (part: Expression) => unparse({ ...parsed, expr: part });
  if (from.kind === 'map')
    return {
      term: text(node),
      guards: [
        `${JSON.stringify(field)} in ${text(of)}`,
        `'${field}' in ${text(of)}`,
        `has(${text(of)}.${field})`,
      ],
    };
  return from.nullable
    ? { term: text(node), guards: [`${text(of)} != null`, `${text(of)} == null`] }
    : undefined;
}

function accessOf({
  exprKind,
}: Expression): readonly [of?: Expression | undefined, field?: string | undefined] {
  if (exprKind.case === 'selectExpr' && exprKind.value.operand)
    return [exprKind.value.operand, exprKind.value.field];
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== '_[_]') return [];
  const [of, index] = exprKind.value.args;
  return of && index ? [of, constantText(index)] : [];
}

function shapeOf(node: Expression): Shape | undefined {
  if (node.exprKind.case === 'identExpr') return QUESTION.fields[node.exprKind.value.name];
  const [of, field] = accessOf(node);
  const from = of && shapeOf(of);
  return from?.kind === 'object' && field !== undefined ? from.fields[field] : undefined;
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '').replaceAll("'", '"');
}
