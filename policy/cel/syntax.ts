import { parse } from '@bufbuild/cel';

/** A parsed expression with the places of its parts. */
export type Parsed = ReturnType<typeof parse>;
/** One node of a parsed expression. */
export type Expression = Parsed['expr'];
/** A call of an operator, a function or a method. */
export type Call = Extract<Expression['exprKind'], { case: 'callExpr' }>['value'];
/** What the macros `exists`, `all` and `exists_one` become. */
export type Loop = Extract<Expression['exprKind'], { case: 'comprehensionExpr' }>['value'];

/** Why an expression is refused, and where; lines and columns count from 1. */
export interface CelProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** The longest expression that is read. */
export const MOST_CHARACTERS = 2000;
/** How many brackets may be open at once; the parser recurses on each. */
export const MOST_BRACKETS = 24;

/** Reads an expression; too long or too deeply bracketed text is refused before the parser sees it. */
export function parseCel(text: string): { parsed: Parsed } | { problem: CelProblem } {
  const tooMuch = tooLong(text) ?? tooBracketed(text);
  if (tooMuch) return { problem: tooMuch };
  try {
    return { parsed: parse(text) };
  } catch (error) {
    return { problem: syntaxProblem(text, error) };
  }
}

/** The problem at a place of the text. */
export function problemAt(text: string, offset: number, message: string): CelProblem {
  const before = text.slice(0, offset).split('\n');
  return { message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The problem at a node of the expression. */
export function problemIn(
  { text, parsed }: { text: string; parsed: Parsed },
  node: Expression,
  message: string,
) {
  return problemAt(text, parsed.sourceInfo?.positions[String(node.id)] ?? 0, message);
}

/** The nodes directly below a node; a loop has the list it walks and its body. */
export function childrenOf({ exprKind }: Expression): Expression[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present(exprKind.value.operand);
    case 'callExpr':
      return [...present(exprKind.value.target), ...exprKind.value.args];
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [
        ...(keyKind.case === 'mapKey' ? [keyKind.value] : []),
        ...present(value),
      ]);
    case 'comprehensionExpr':
      return [...present(exprKind.value.iterRange), ...present(exprKind.value.loopStep)];
    default:
      return [];
  }
}

/** The text of a constant string, or nothing. */
export function constantText({ exprKind }: Expression): string | undefined {
  if (exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = exprKind.value;
  return constantKind.case === 'stringValue' ? constantKind.value : undefined;
}

function present(node: Expression | undefined): Expression[] {
  return node ? [node] : [];
}

function tooLong(text: string): CelProblem | undefined {
  if (text.length <= MOST_CHARACTERS) return undefined;
  return problemAt(
    text,
    MOST_CHARACTERS,
    `is ${text.length} characters long; ${MOST_CHARACTERS} are allowed`,
  );
}

/** Brackets in quotes count too: a text that needs so many of them can be split over two rules. */
function tooBracketed(text: string): CelProblem | undefined {
  let open = 0;
  for (const [at, character] of [...text].entries()) {
    if ('([{'.includes(character)) open += 1;
    else if (')]}'.includes(character)) open -= 1;
    if (open > MOST_BRACKETS)
      return problemAt(text, at, `opens more than ${MOST_BRACKETS} brackets in one another`);
  }
  return undefined;
}

function syntaxProblem(text: string, error: unknown): CelProblem {
  const { rawMessage, location } = error as {
    rawMessage?: string;
    location?: { start?: { offset?: number } };
  };
  const message = rawMessage ?? (error instanceof Error ? error.message : String(error));
  return problemAt(text, location?.start?.offset ?? 0, `cannot be read: ${message}`);
}
