/** What stands where a secret stood. */
export const BLANK = '[redacted]';

/** What a secret looks like, and how much of the match may stay: API keys, tokens, passwords in addresses and settings. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\brtai_[a-z0-9]{1,12}_[A-Za-z0-9]+_[A-Za-z0-9_-]+/g, BLANK],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${BLANK}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"]{0,128}:)[^\s/@"]{1,256}@/g, `$1${BLANK}@`],
  [
    /\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abp]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16})/g,
    BLANK,
  ],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, BLANK],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*/g, BLANK],
  [
    /\b((?:api[_-]?key|passw(?:or)?d|secret|access[_-]?token)["']?\s*[=:]\s*["']?)[^\s"'\\,;&]{4,}/gi,
    `$1${BLANK}`,
  ],
];

/** Blanks what looks like a secret, wherever in a text it stands. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
