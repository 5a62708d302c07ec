import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { type IdKind, idOf } from '../../domain/ids.ts';
import type { Problem } from '../../domain/problem.ts';
import { notFound, ProblemError } from './problem.ts';

type Issue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

const MOST_ERRORS = 50;

/** Checks `@Body({ schema })` and `@Query({ schema })`; every violation is named with a JSON pointer. */
export class SchemaPipe implements PipeTransform {
  async transform(value: unknown, { schema, type }: ArgumentMetadata): Promise<unknown> {
    if (!schema) return value;
    const result = await schema['~standard'].validate(value);
    if (!result.issues) return result.value;
    throw refusalOf(type === 'body' ? '' : `/${type}`, result.issues);
  }
}

/** Answers 404 for a path parameter that cannot be the id of anything, as for one that is not there. */
export class IdPipe implements PipeTransform<string, string> {
  readonly #kind: IdKind;
  readonly #schema: ReturnType<typeof idOf>;

  constructor(kind: IdKind) {
    this.#kind = kind;
    this.#schema = idOf(kind);
  }

  transform(value: string): string {
    if (!this.#schema.safeParse(value).success) throw notFound(this.#kind, value.slice(0, 64));
    return value;
  }
}

/** 400 for what the schema in the document does not let through; 422 where only rules beyond it say no. */
function refusalOf(within: string, issues: readonly Issue[]): ProblemError {
  return issues.every(isBeyondSchema) ? unprocessableRequest(within, issues) : invalidRequest(within, issues);
}

/** Such rules (`refine`) have no words in JSON Schema, so whoever reads the document cannot know them. */
function isBeyondSchema(issue: Issue): boolean {
  const nearest = nearestBranch(issue);
  return nearest.length > 0 ? nearest.every(isBeyondSchema) : 'code' in issue && issue.code === 'custom';
}

/** A 400 with one entry per violation. */
export function invalidRequest(within: string, issues: readonly Issue[]): ProblemError {
  return problemOf('invalid_request', { within, issues });
}

/** A 422 with one entry per place that fits its schema and is still impossible. */
export function unprocessableRequest(within: string, issues: readonly Issue[]): ProblemError {
  return problemOf('unprocessable_request', { within, issues });
}

/** The detail repeats the first violation. */
function problemOf(
  code: 'invalid_request' | 'unprocessable_request',
  { within, issues }: { within: string; issues: readonly Issue[] },
): ProblemError {
  const errors = issues.slice(0, MOST_ERRORS).flatMap(issue => describe(within, issue));
  const [first] = errors;
  const detail = first
    ? `${first.pointer || 'The body'}: ${first.message}`
    : 'The request does not fit its schema.';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : '';
  return new ProblemError(code, detail + more, { errors });
}

/** Unknown fields are pointed at one by one, not at the object around them; of a union, the nearest branch speaks. */
function describe(within: string, issue: Issue): NonNullable<Problem['errors']> {
  const nearest = nearestBranch(issue);
  if (nearest.length > 0)
    return nearest.flatMap(inner =>
      describe(within, { ...inner, path: [...(issue.path ?? []), ...(inner.path ?? [])] }),
    );
  const path = (issue.path ?? []).map(segment => (typeof segment === 'object' ? segment.key : segment));
  const unknown = unknownFields(issue);
  if (unknown.length > 0) {
    return unknown.map(key => ({
      pointer: within + pointerOf([...path, key]),
      message: 'is not a known field',
    }));
  }
  return [{ pointer: within + pointerOf(path), message: messageOf(issue) }];
}

/** Of a key that is not allowed, zod says only that it is invalid; why is one level below. */
function messageOf(issue: Issue): string {
  if (!('code' in issue) || issue.code !== 'invalid_key' || !('issues' in issue)) return issue.message;
  const [why] = issue.issues as readonly Issue[];
  return why?.message ?? issue.message;
}

function nearestBranch(issue: Issue): readonly Issue[] {
  if (
    !('code' in issue) ||
    issue.code !== 'invalid_union' ||
    !('errors' in issue) ||
    !Array.isArray(issue.errors)
  )
    return [];
  const branches = issue.errors as readonly (readonly Issue[])[];
  return branches.reduce((best, branch) => (branch.length < best.length ? branch : best), branches[0] ?? []);
}

function unknownFields(issue: Issue): string[] {
  return 'code' in issue && issue.code === 'unrecognized_keys' && 'keys' in issue && Array.isArray(issue.keys)
    ? issue.keys.slice(0, MOST_ERRORS).map(String)
    : [];
}

/** RFC 6901. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map(segment => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
