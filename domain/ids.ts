import { TypeID, typeid } from 'typeid-js';
import { z } from 'zod';

/** What each kind of id begins with; the rest is a UUIDv7 in base32 (https://github.com/jetify-com/typeid), so ids sort by age. */
const ID_PREFIXES = {
  runtime: 'rt',
  operation: 'op',
  deployment: 'dep',
  approval: 'apr',
  event: 'evt',
  policy: 'pol',
  snapshot: 'snp',
  intent: 'int',
  principal: 'prn',
  decision: 'dec',
  delegation: 'dlg',
  audit: 'aud',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** Makes a new id of the given kind, e.g. `rt_01h455vb4pex5vsknk084sn02q`. */
export function newId(kind: IdKind): string {
  return typeid(ID_PREFIXES[kind]).toString();
}

/** When an id was made, in milliseconds: the first 48 bits of its UUIDv7 (RFC 9562 §5.7). */
export function madeAt(id: string): Date {
  const bytes = TypeID.fromString(id).toUUIDBytes().subarray(0, 6);
  return new Date(bytes.reduce((time, byte) => time * 256 + byte, 0));
}

/** The schema of an id of the given kind: prefix, underscore, 26 characters of Crockford base32. */
export function idOf(kind: IdKind) {
  const prefix = ID_PREFIXES[kind];
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `must look like ${prefix}_01h455vb4pex5vsknk084sn02q`,
    )
    .meta({ examples: [`${prefix}_01h455vb4pex5vsknk084sn02q`] });
}
