import type { SigningAlgorithm } from '../../domain/identity.ts';
import type { Claims } from './compact-token.ts';

interface KeyKind {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
}

const RSA = { kty: 'RSA' } as const;
const ED25519 = { kty: 'OKP', crv: 'Ed25519' } as const;

/** The one kind of key each algorithm takes: another would be a confusion that somebody has arranged. */
const KIND_OF: Readonly<Record<SigningAlgorithm, KeyKind>> = {
  EdDSA: ED25519,
  Ed25519: ED25519,
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
};

const LEAST_RSA_BITS = 2048;

/** Whether a published key may verify tokens signed by the algorithm: kind, curve, strength and stated use. RFC 8725 3.1, 3.5. */
export function fitsAlgorithm(key: Claims, algorithm: SigningAlgorithm): boolean {
  const { kty, crv } = KIND_OF[algorithm];
  return (
    key['kty'] === kty &&
    (crv === undefined || key['crv'] === crv) &&
    (kty !== 'RSA' || isStrongRsa(key)) &&
    isForVerifying(key) &&
    (key['alg'] === undefined || key['alg'] === algorithm) &&
    // Whoever publishes the private half lets everybody sign.
    key['d'] === undefined
  );
}

function isForVerifying({ use, key_ops: operations }: Claims): boolean {
  if (use !== undefined && use !== 'sig') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

function isStrongRsa({ n, e }: Claims): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false;
  const isOdd = ((Buffer.from(e, 'base64url').at(-1) ?? 0) & 1) === 1;
  return bitsOf(n) >= LEAST_RSA_BITS && isOdd && bitsOf(e) > 1;
}

function bitsOf(number: string): number {
  const bytes = Buffer.from(number, 'base64url');
  const first = bytes.findIndex(byte => byte !== 0);
  if (first < 0) return 0;
  return (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}
