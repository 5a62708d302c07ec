import { hash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

/** The versions an edit may meet, as `If-Match` names them; nothing means any. A list of none is met by no version. */
export type ExpectedVersions = readonly number[] | undefined;

/** One entity tag, RFC 9110 section 8.8.3. */
const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/;
const TAGS = new RegExp(`^(?:[ \\t]*,)*[ \\t]*${TAG.source}(?:[ \\t]*,(?:[ \\t]*${TAG.source})?)*[ \\t]*$`);
/** Ours: the version, and after the dot what else the answer shows. */
const OURS = /^([1-9][0-9]{0,9})(\.[\w-]+)?$/;

/**
 * Answers the body with its ETag, or 304 where the client has it already. The tag is the version, by which edits are
 * compared, and a digest, because an answer also shows what no edit changes (a state, say) and must not be taken for
 * an earlier one. The text is made here, once for both.
 */
export function tagged(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { version, body }: { version: number; body: unknown },
): string | undefined {
  const text = JSON.stringify(body);
  const tag = `${version}.${hash('sha1', text, 'base64url').slice(0, 12)}`;
  void reply.header('etag', `"${tag}"`);
  if (matches(request.headers['if-none-match'], tag)) {
    void reply.code(304);
    return undefined;
  }
  void reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}

/** The versions `If-Match` asks for. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): ExpectedVersions =>
    ifMatchVersions(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Reads the header: missing and `*` are no condition; weak tags, tags of others and what is no tag are met by no version. */
export function ifMatchVersions({ headers }: Pick<FastifyRequest, 'headers'>): ExpectedVersions {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  if (!TAGS.test(header)) return [];
  return tagsOf(header).flatMap(({ weak, tag }) => (weak ? [] : versionOf(tag)));
}

/** Throws 412 unless the version is one that was expected. */
export function requireVersion(expected: ExpectedVersions, version: number): void {
  if (expected === undefined || expected.includes(version)) return;
  throw new ProblemError(
    'precondition_failed',
    `If-Match does not name the current version, which is "${version}". Read it again, and send the ETag of that answer.`,
  );
}

/** If-None-Match compares weakly. */
function matches(header: string | undefined, current: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || (TAGS.test(header) && tagsOf(header).some(({ tag }) => tag === current));
}

function tagsOf(header: string): { weak: boolean; tag: string }[] {
  return [...header.matchAll(new RegExp(TAG, 'g'))].map(([, weak, tag]) => ({
    weak: weak !== undefined,
    tag: tag ?? '',
  }));
}

function versionOf(tag: string): number[] {
  const version = OURS.exec(tag)?.[1];
  return version === undefined ? [] : [Number(version)];
}
