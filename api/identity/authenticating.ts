import { TokenVerifier, type TrustedIssuer } from '../../clients/oidc/token-verifier.ts';
import type { Changes } from '../../db/changes.ts';
import type { Database, DatabaseLog } from '../../db/database.ts';
import { KeyUse } from '../../db/key-use.ts';
import { KnownKeys } from '../../db/known-keys.ts';
import { KnownPrincipals } from '../../db/known-principals.ts';
import { Authentication } from './authentication.ts';
import { KnownTokens } from './known-tokens.ts';

interface Parts {
  readonly database: Database;
  readonly changes: Changes;
  readonly issuers: readonly TrustedIssuer[];
  readonly log?: DatabaseLog;
}

/** Puts together what tells who sends a request; closing writes when keys were used last. */
export function createAuthentication({ database, changes, issuers, log }: Parts): {
  readonly authentication: Authentication;
  close(): Promise<void>;
} {
  const principals = new KnownPrincipals(database, changes);
  const use = new KeyUse(database, log && { log });
  const authentication = new Authentication({
    keys: new KnownKeys(database, changes),
    tokens: new KnownTokens({
      verifier: new TokenVerifier(issuers),
      database,
      principals,
      hearing: changes,
    }),
    principals,
    use,
  });
  return { authentication, close: () => use.close() };
}
