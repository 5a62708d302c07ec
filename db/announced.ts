import { EventEmitter } from 'node:events';
import { AUDIT_CHANNEL } from './audit.ts';
import { CHANGES_CHANNEL } from './events.ts';

/** Something of a runtime, and perhaps of an operation on it, is no longer as it was. */
export interface RuntimeChange {
  readonly tenant: string;
  readonly runtime: string | null;
  readonly operation?: string | null;
}

/** The observer heard the cluster at `observedAt`, that many seconds before this was announced. */
export interface Beat {
  readonly observedAt: string;
  readonly ageSeconds: number;
}

/** A principal is no longer as it was. */
export interface PrincipalChange {
  readonly tenant: string;
  readonly principal: string;
}

interface Announcements {
  /** An event was written. */
  event: [RuntimeChange];
  /** Health, phase or power of a runtime was written. */
  health: [RuntimeChange];
  /** The API key with this id was changed or removed. */
  key: [string];
  /** What a principal is or may do, or by which logins it is known, was changed. */
  principal: [PrincipalChange];
  beat: [Beat];
  /** The audit of this tenant has a record to seal. */
  audit: [string];
  /** From now on everything is heard; what was announced before may have been missed. */
  began: [];
}

/** What the database announces, by kind. */
export type Announced = EventEmitter<Announcements>;

/** Makes one for any number of listeners. */
export function createAnnounced(): Announced {
  return new EventEmitter<Announcements>().setMaxListeners(0);
}

type Hear = (announced: Announced, payload: string) => void;

/** What each channel carries. All but the first are announced by triggers (migration 0004). */
export const CHANNELS: Readonly<Record<string, Hear>> = {
  [CHANGES_CHANNEL]: (announced, payload) => announced.emit('event', JSON.parse(payload) as RuntimeChange),
  runtimeai_health: (announced, payload) => announced.emit('health', JSON.parse(payload) as RuntimeChange),
  runtimeai_keys: (announced, keyId) => announced.emit('key', keyId),
  runtimeai_principals: (announced, payload) =>
    announced.emit('principal', JSON.parse(payload) as PrincipalChange),
  [AUDIT_CHANNEL]: (announced, tenant) => announced.emit('audit', tenant),
  runtimeai_beats: (announced, payload) => announced.emit('beat', JSON.parse(payload) as Beat),
};
