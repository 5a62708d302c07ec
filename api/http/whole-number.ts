import { z } from 'zod';

/** As JSON writes numbers: nothing at all, spaces and 0x10 are numbers to JavaScript and to nobody else. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * The schema of a whole number in a query, where everything is text. zod does not tell the default and the examples of
 * what it transforms; `override` puts them into the document.
 */
export function wholeNumber({ min, max }: { min: number; max: number }) {
  return z.preprocess(
    text => (typeof text === 'string' && NUMBER.test(text) ? Number(text) : text),
    z.int('must be a whole number').min(min).max(max),
  );
}
