import { z } from 'zod';

/** A setting that holds JSON of this schema. */
export function json<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        context.addIssue({ code: 'custom', message: `is not JSON: ${String(error)}` });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
