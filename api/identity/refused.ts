import type { RefusalReason, TokenRefused } from '../../clients/oidc/refusal.ts';
import { ProblemError } from '../http/problem.ts';

/** The answer to a token that is refused: which check failed, and nothing of what it was held against. */
export function refusedToken(error: TokenRefused): ProblemError {
  if (error.reason === 'issuer_unreachable')
    return new ProblemError('identity_unavailable', `${error.message} Send the request again.`, {
      headers: { 'retry-after': '30' },
      cause: error.cause,
    });
  return unauthenticated(error.message, error.reason);
}

/** The answer to a credential that is good in itself and still lets nobody in. */
export function refusedCredential(why: string, tenantId?: string): ProblemError {
  return unauthenticated(`The request is refused. ${why}`, 'credential_not_usable', tenantId);
}

/** The answer to a request without a credential that can be used, as RFC 6750 has it. */
export function unauthenticated(
  detail: string,
  reason?: RefusalReason | 'key_refused' | 'credential_not_usable',
  tenantId?: string,
): ProblemError {
  const error = reason === undefined ? '' : `, error="invalid_token", error_description="${reason}"`;
  return new ProblemError('unauthenticated', detail, {
    headers: { 'www-authenticate': `Bearer realm="runtimeai"${error}` },
    ...(reason !== undefined && { reason }),
    ...(tenantId !== undefined && { tenantId }),
  });
}
