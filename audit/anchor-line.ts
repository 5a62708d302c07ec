import { z } from 'zod';

const AnchorLine = z.object({ note: z.string() });

/** The signed note in a line of an anchor file; nothing in one that was torn while it was written: it anchors nothing. */
export function noteOfLine(line: string): string | undefined {
  try {
    return AnchorLine.safeParse(JSON.parse(line)).data?.note;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
