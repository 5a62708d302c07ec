import { z } from 'zod';

/** Spelled out, because not every regular expression engine knows \p{Cc}. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what is refused
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** The schema of a word or a line of text: not empty, and without control characters. */
export function plainText(longest: number) {
  return z.string().min(1).max(longest).regex(PLAIN, 'must hold no control characters');
}
