import { createHash } from 'node:crypto';

/** One page of a list, newest first; the token asks for the next one, nothing means it was the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | null;
}

export interface PageRequest {
  /** 1 to `MAX_PAGE_SIZE`. */
  readonly pageSize: number;
  readonly pageToken?: string;
}

export const MAX_PAGE_SIZE = 200;

/** A page token that was not made by the same query; the caller has to begin with the first page again. */
export class BadPageToken extends Error {
  override readonly name = 'BadPageToken';
}

/** The id after which the asked page begins, or nothing for the first page. The query is the list's name and its filters. */
export function startOf({ pageToken }: PageRequest, query: readonly unknown[]): string | undefined {
  if (pageToken === undefined) return undefined;
  const [fingerprint, after, ...rest] = Buffer.from(pageToken, 'base64url').toString('utf8').split('|');
  if (fingerprint !== fingerprintOf(query) || !after || !ID.test(after) || rest.length > 0) {
    throw new BadPageToken(
      'The page token does not belong to this list with these filters; leave it out to begin with the first page.',
    );
  }
  return after;
}

/** Of what characters an id is; PostgreSQL answers others with an error. */
const ID = /^[a-z0-9_-]{1,64}$/;

/** How many rows to ask for: one more than the page holds tells whether another page follows. */
export function rowsToRead({ pageSize }: PageRequest): number {
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw new RangeError(`A page holds 1 to ${MAX_PAGE_SIZE} items; ${pageSize} were asked for.`);
  }
  return pageSize + 1;
}

/** Makes the page of the rows read with `rowsToRead`, and the token of the next. */
export function pageOf<T extends { id: string }>(
  rows: readonly T[],
  { request, query }: { request: PageRequest; query: readonly unknown[] },
): Page<T> {
  const items = rows.slice(0, request.pageSize);
  const last = items.at(-1);
  if (rows.length <= request.pageSize || last === undefined) return { items, nextPageToken: null };
  const token = `${fingerprintOf(query)}|${last.id}`;
  return { items, nextPageToken: Buffer.from(token, 'utf8').toString('base64url') };
}

function fingerprintOf(query: readonly unknown[]): string {
  const text = JSON.stringify(query.map(part => part ?? null));
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}
