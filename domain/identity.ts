import { z } from 'zod';
import { Role } from './principal.ts';
import { ProjectName, TenantId } from './tenant.ts';

/** Ways of signing with a public key. Nothing shared, nothing unsigned: those can be forged by whoever may verify. */
export const SigningAlgorithm = z.enum([
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]);
export type SigningAlgorithm = z.infer<typeof SigningAlgorithm>;

/** A claim: its name, its path with dots, or the path as a list where a name holds dots itself. */
export const ClaimPath = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
export type ClaimPath = z.infer<typeof ClaimPath>;

/** An address that keys are fetched from: https, or http on this machine. */
const KeyAddress = z
  .string()
  .refine(isSafeAddress, 'must be https, or http on 127.0.0.1, [::1] or localhost');

/** Which role a claim gives; in one project, or in all of them. */
export const RoleRule = z.union([
  z.strictObject({
    claim: ClaimPath,
    /** The value, or one of a list of values. */
    equals: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    role: Role,
    project: ProjectName.optional(),
  }),
  z.strictObject({ group: z.string().min(1), role: Role, project: ProjectName.optional() }),
]);
export type RoleRule = z.infer<typeof RoleRule>;

/** What groups give where an issuer states no roles. */
export const DEFAULT_ROLE_RULES: readonly RoleRule[] = [
  { group: 'platform-admins', role: 'tenant_admin' },
  { group: 'users', role: 'viewer' },
];

/** How tokens of one issuer are checked, and what their claims mean. */
export const Issuer = z.strictObject({
  issuer: KeyAddress,
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  algorithms: z
    .array(SigningAlgorithm)
    .min(1)
    .default(['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'RS256']),
  /** Where its keys are; by its discovery document when left out. */
  jwks_uri: KeyAddress.optional(),
  tenant: z.union([
    z.strictObject({ fixed: TenantId }),
    z.strictObject({ claim: ClaimPath, map: z.record(z.string(), TenantId).optional() }),
  ]),
  roles: z.array(RoleRule).default([...DEFAULT_ROLE_RULES]),
  groups_claims: z.array(ClaimPath).default(['groups']),
  /** Only groups that begin with it count, and count without it. */
  group_prefix: z.string().min(1).optional(),
  name_claim: ClaimPath.default('preferred_username'),
  /** Of the header `typ`; `missing` lets a token do without it. */
  types: z.array(z.string().min(1)).min(1).default(['JWT', 'at+jwt']),
  clock_tolerance_seconds: z.int().min(0).max(60).default(30),
  /** Refuses a token that was issued longer ago, whatever end it states. */
  max_token_age_seconds: z.int().positive().optional(),
});
export type Issuer = z.infer<typeof Issuer>;

/** Whose tokens are taken. */
export const IdentitySettings = z.strictObject({
  issuers: z
    .array(Issuer)
    .max(50)
    .refine(
      issuers => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
      'name each issuer once',
    ),
});
export type IdentitySettings = z.infer<typeof IdentitySettings>;

/** Whether an address may be trusted to answer with keys: https, or http that does not leave this machine. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
