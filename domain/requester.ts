import type { Origin } from './audit.ts';
import type { Role } from './principal.ts';

/** Who asked, as every record and message carries it. */
export interface Requester {
  readonly id: string;
  readonly name: string;
  readonly kind: 'human' | 'agent' | 'system';
  /** The person who stands behind it; its own id when nobody else does. */
  readonly personId?: string;
  /** Of an agent that acts for somebody: the person it belongs to. */
  readonly ownerId?: string;
  /** Who made the key, where that was somebody else: they may have kept it. */
  readonly issuedBy?: string;
  readonly onBehalfOf?: { readonly id: string; readonly name: string };
  readonly roles?: readonly Role[];
  readonly groups?: readonly string[];
  readonly acr?: string;
  /** Id of the key or issuer of the token; never a secret. */
  readonly credential?: string;
  readonly origin?: Origin;
}
