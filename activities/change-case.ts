import type { ChangedRuntime, ChangeFacts, KnownKind } from '../db/change-facts.ts';
import type { ChangeAdmission, ChangeRuntimeInput } from '../domain/change-operation.ts';
import type { AdmissionRefusal } from '../domain/deployment.ts';
import type { Prices } from '../domain/rules/prices.ts';
import { exceededQuota, type Reservation } from '../domain/rules/quota.ts';
import { reservationOfRuntime } from '../domain/rules/reservation.ts';
import { currentHealth } from '../domain/rules/runtime-state.ts';
import type { SlotQuota } from '../domain/tenant.ts';

export type ChangeAsked = ChangeRuntimeInput & { readonly workflowId: string; readonly runId: string };
export type Refused = Extract<ChangeAdmission, { admitted: false }>;

/** What admission is told by the settings. */
export interface Limits {
  readonly defaultQuota: SlotQuota;
  readonly stepTimeoutSeconds: number;
  readonly intentSoakSeconds: number;
  readonly maxAgeSeconds: number;
  /** Relative units when left out. */
  readonly prices?: Prices;
}

/** A runtime that is there, or that is to be. */
export type Place = Pick<ChangedRuntime, 'name' | 'type' | 'project' | 'environment' | 'labels'>;

/** A change that is asked for, beside what is known. */
export interface Case {
  readonly input: ChangeAsked;
  readonly facts: ChangeFacts;
  readonly limits: Limits;
  readonly place: Place;
  readonly kind: KnownKind | undefined;
  /** What was seen of the runtime last, as far as it still counts. */
  readonly observed: Observed | undefined;
}

export type Observed = Omit<NonNullable<ChangeFacts['observed']>, 'age'>;

/** What was seen last; its health is unknown when the observer has been silent for too long. */
export function lastSeen({ observed }: ChangeFacts, { maxAgeSeconds }: Limits): Observed | undefined {
  if (!observed) return undefined;
  const { age: ageSeconds, ...seen } = observed;
  return { ...seen, status: currentHealth({ status: seen.status, ageSeconds, maxAgeSeconds }) };
}

/** Why a change cannot be admitted, whatever its steps are; nothing when it can. */
export function unmetCondition(asked: Case): Refused | undefined {
  return notAsItWas(asked) ?? nameTaken(asked) ?? unavailable(asked);
}

/** Why there is no room. What asks for no more than the runtime has is never refused: the quota may have been lowered. */
export function noRoom({ input, facts, limits, place }: Case, wanted: Reservation): Refused | undefined {
  const has = facts.runtime && reservationOfRuntime(place.type, facts.runtime.spec);
  if (has && wanted.cpuMilli <= has.cpuMilli && wanted.memoryMiB <= has.memoryMiB && wanted.pods <= has.pods)
    return undefined;
  const quota = facts.quota ?? limits.defaultQuota;
  const excess = exceededQuota({ quota, used: facts.used, wanted });
  if (excess === undefined) return undefined;
  const command = `npm run admin -- project quota --tenant ${input.tenantId} --project ${place.project}`;
  const reason = `Project ${place.project} of tenant ${input.tenantId} has no room: ${excess}. Ask for less, or have the quota raised (${command}).`;
  return refuse('quota_exceeded', reason);
}

/** The answer that refuses. */
export function refuse(code: AdmissionRefusal, reason: string): Refused {
  return { admitted: false, code, reason };
}

/** The adapter the runtime has, or the one its creation names, or the first of its type. */
export function kindOf({ create }: ChangeAsked, { runtime, kinds }: ChangeFacts): KnownKind | undefined {
  const wanted = runtime?.backend ?? create?.spec.backend;
  return wanted === undefined ? kinds[0] : kinds.find(({ name }) => name === wanted);
}

function notAsItWas({ input, facts }: Case): Refused | undefined {
  const { ifVersions } = input;
  if (!facts.runtime || !ifVersions || ifVersions.includes(facts.runtime.version)) return undefined;
  const reason = `Runtime ${input.runtimeId} has version ${facts.runtime.version} by now; If-Match named ${ifVersions.join(', ') || 'none of its versions'}. Read it again and decide anew.`;
  return refuse('precondition_failed', reason);
}

function nameTaken({ input, facts, place }: Case): Refused | undefined {
  if (!input.create || (facts.namesake === null && facts.runtime === null)) return undefined;
  const other = facts.namesake ?? input.runtimeId;
  return refuse(
    'name_taken',
    `Project ${place.project} has a runtime named ${place.name} already: ${other}.`,
  );
}

/** What is there can always be deleted; for all else the cluster must have what the kind needs. */
function unavailable({ input, place, kind }: Case): Refused | undefined {
  if (input.kind === 'delete') return undefined;
  if (!kind) {
    const backend = input.create?.spec.backend;
    const which = backend
      ? `adapter ${backend} for the type ${place.type}`
      : `adapter for the type ${place.type}`;
    const reason = `No ${which} is known here. GET /v1/runtime-kinds lists those there are; if it should be among them, the cluster worker is not running yet.`;
    return refuse('kind_unavailable', reason);
  }
  const [first, ...more] = kind.missing;
  if (!first) return undefined;
  const others = more.length > 0 ? ` (and ${more.length} more, see GET /v1/runtime-kinds)` : '';
  return refuse(
    'kind_unavailable',
    `The cluster lacks ${first.what}${others}. To install it: ${first.install}`,
  );
}
