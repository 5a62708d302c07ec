import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';

/** Where expressions are planned: CEL's own functions and nothing else. */
export const ENVIRONMENT = celEnv();

const matching = plan(ENVIRONMENT, parse('text.matches(pattern)'));

/** Why a pattern is none (RE2 has no look-around and no back references), or nothing. */
export function patternProblem(pattern: string): string | undefined {
  const result = matching({ text: '', pattern });
  return isCelError(result) ? result.message : undefined;
}
