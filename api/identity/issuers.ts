import { staticKeys } from '../../clients/oidc/issuer-keys.ts';
import { type TrustedIssuer, trust } from '../../clients/oidc/token-verifier.ts';
import type { Settings } from '../../process/config.ts';
import { devIssuer, devIssuerPublicKey } from '../../process/dev-issuer.ts';
import { identityOf } from '../../process/identity.ts';
import type { Log } from '../../process/log.ts';

/** The issuers the settings name; the one that is built in for development only where its key file is given. */
export function trustedIssuers(settings: Settings, log: Pick<Log, 'warn'>): readonly TrustedIssuer[] {
  const stated = identityOf(settings).map(trust);
  const keyFile = settings.RUNTIMEAI_DEV_ISSUER_KEY_FILE;
  if (!keyFile) return stated;
  log.warn(
    `tokens of the development issuer are taken: whoever can read ${keyFile} can be anybody. Unset RUNTIMEAI_DEV_ISSUER_KEY_FILE in production`,
  );
  return [...stated, { settings: devIssuer(), keys: staticKeys([devIssuerPublicKey(keyFile)]) }];
}
