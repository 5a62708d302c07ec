import type { KeyUse } from '../../db/key-use.ts';
import type { KnownKeys } from '../../db/known-keys.ts';
import type { KnownPrincipals } from '../../db/known-principals.ts';
import { idOf } from '../../domain/ids.ts';
import type { Principal } from '../../domain/principal.ts';
import { ProblemError } from '../http/problem.ts';
import type { KnownTokens } from './known-tokens.ts';
import { refusedCredential, unauthenticated } from './refused.ts';

/** What a request shows of who sends it. */
export interface Presented {
  readonly token: string;
  /** The principal in whose place it says to act. */
  readonly onBehalfOf: string | undefined;
}

interface Parts {
  readonly keys: Pick<KnownKeys, 'authenticate'>;
  readonly tokens: Pick<KnownTokens, 'authenticate'>;
  readonly principals: Pick<KnownPrincipals, 'find'>;
  readonly use: Pick<KeyUse, 'saw'>;
}

const PrincipalId = idOf('principal');

/** Tells who sends a request: by an API key or an access token, and in whose place. */
export class Authentication {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The principal, or the answer to a request that nobody may send. */
  async identify({ token, onBehalfOf }: Presented): Promise<Principal | ProblemError> {
    const principal = await this.#principalOf(token);
    if (principal instanceof ProblemError) return principal;
    const answerable = await this.#whyNotAnswerable(principal);
    if (answerable) return answerable;
    this.#parts.use.saw(principal);
    return onBehalfOf === undefined ? principal : this.#inPlaceOf(principal, onBehalfOf);
  }

  async #principalOf(token: string): Promise<Principal | ProblemError> {
    if (!token.startsWith('rtai_')) return this.#parts.tokens.authenticate(token);
    const principal = await this.#parts.keys.authenticate(token);
    return principal ?? unauthenticated('The API key is unknown, revoked or expired.', 'key_refused');
  }

  /** An agent stops when whoever answers for it is disabled. */
  async #whyNotAnswerable({ id, kind, tenantId, personId }: Principal): Promise<ProblemError | undefined> {
    if (kind !== 'agent' || personId === id) return undefined;
    const person = await this.#parts.principals.find(tenantId, personId);
    if (person && !person.disabled) return undefined;
    return refusedCredential('The person who answers for this agent is disabled.', tenantId);
  }

  async #inPlaceOf(agent: Principal, personId: string): Promise<Principal | ProblemError> {
    if (agent.onBehalfOf?.id === personId) return agent;
    if (agent.onBehalfOf) return mayNot(agent, personId, 'its token says that it acts for somebody else');
    if (agent.kind !== 'agent') return mayNot(agent, personId, 'only agents act for others');
    const { principals } = this.#parts;
    const kept = await principals.find(agent.tenantId, agent.id);
    const isListed = kept?.ownerId === personId || kept?.mayActFor.includes(personId);
    const person =
      isListed && PrincipalId.safeParse(personId).success
        ? await principals.find(agent.tenantId, personId)
        : undefined;
    if (person?.kind !== 'human' || person.disabled)
      return mayNot(agent, personId, 'it is not allowed to act for this principal');
    const { id, name, grants, groups } = person;
    const ownerId = kept?.ownerId ?? undefined;
    return {
      ...agent,
      personId: id,
      ...(ownerId !== undefined && { ownerId }),
      onBehalfOf: { id, name, grants, groups },
    };
  }
}

function mayNot({ name, tenantId }: Principal, personId: string, why: string): ProblemError {
  const whom = PrincipalId.safeParse(personId).success ? personId : 'what is no id of a principal';
  return new ProblemError('may_not_act_for', `${name} does not act for ${whom}: ${why}.`, { tenantId });
}
