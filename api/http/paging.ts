import { z } from 'zod';
import { MAX_PAGE_SIZE, type Page, type PageRequest } from '../../db/page.ts';
import { wholeNumber } from './whole-number.ts';

/** How every list is read page by page; a page that is too large is refused, not made smaller. */
export const Paging = z.strictObject({
  page_size: wholeNumber({ min: 1, max: MAX_PAGE_SIZE })
    .default(50)
    .meta({ description: 'At most this many items', override: { default: 50, examples: [50] } }),
  page_token: z
    .string()
    .max(512)
    .optional()
    .meta({ description: 'next_page_token of the page before, with all other parameters unchanged' }),
});
export type Paging = z.infer<typeof Paging>;

/** The same request in the database's words. */
export function pageRequest({ page_size, page_token }: Paging): PageRequest {
  return { pageSize: page_size, ...(page_token !== undefined && { pageToken: page_token }) };
}

/** A page of the database in the contract's words. */
export function pageAnswer<T>({ items, nextPageToken }: Page<T>): {
  items: readonly T[];
  next_page_token: string | null;
} {
  return { items, next_page_token: nextPageToken };
}

/** The answer of a list: `next_page_token` is null on the last page. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z.object({ items: z.array(item), next_page_token: z.string().nullable() }).meta({ id });
}
