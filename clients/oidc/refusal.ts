/** Why a token is refused: the check that failed, in one word for records and in a sentence for whoever sent it. */
export const REFUSALS = {
  too_large: 'it is larger than a token may be',
  not_signed: 'it is not a signed token of three parts (encrypted and nested tokens are not taken)',
  not_base64url: 'a part of it is not base64url as RFC 7515 has it: no padding, no spaces, no stray bits',
  header_unreadable: 'its header is not a JSON object',
  algorithm_not_allowed: 'it is signed by an algorithm that is not allowed',
  header_not_allowed: 'its header names a key, a critical extension or a nested content, which is not taken',
  type_not_allowed: 'its header typ is not that of an access token',
  payload_unreadable: 'its claims are not a JSON object',
  issuer_not_allowed: 'its issuer (iss) is not one that is trusted here',
  key_not_found: 'its issuer has no key of this id (kid) for this algorithm',
  key_ambiguous: 'its issuer has more than one key of this id (kid)',
  key_not_fit: 'the key it names is too weak, or not for verifying by this algorithm',
  signature_wrong: 'its signature does not fit',
  audience_wrong: 'it was issued for another audience (aud)',
  no_expiry: 'it states no end (exp)',
  expired: 'it has expired (exp)',
  not_yet_valid: 'it is not valid yet (nbf)',
  issued_in_future: 'it was issued in the future (iat); the clocks differ by too much',
  too_old: 'it was issued too long ago (iat)',
  no_subject: 'it names nobody (sub)',
  not_an_access_token: 'it is an ID or refresh token; send the access token',
  no_tenant: 'its claims lead to no tenant',
  actor_malformed: 'its act claim names nobody of its issuer (act.sub)',
  issuer_unreachable: 'the keys of its issuer could not be read',
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** A token that is not taken. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, options?: ErrorOptions) {
    super(`The token is refused: ${REFUSALS[reason]}.`, options);
    this.reason = reason;
  }
}
