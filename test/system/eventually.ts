import { setTimeout as delay } from 'node:timers/promises';

/** What is read, what it shall come to be, and how long that may take. */
export interface Expectation<T> {
  /** Completes the sentence "waited in vain until …". */
  readonly what: string;
  readonly read: () => T | Promise<T>;
  readonly until: (value: T) => boolean;
  readonly seconds?: number;
}

const LOOK_EVERY_MS = 100;

/** Reads until what was read is as wanted, and answers it; an error counts as "not yet". Fails with what was seen last. */
export async function eventually<T>({ what, read, until, seconds = 60 }: Expectation<T>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await attempt(read);
    if ('value' in seen && until(seen.value)) return seen.value;
    if (Date.now() > deadline) throw inVain({ what, seconds, seen });
    await delay(LOOK_EVERY_MS);
  }
}

type Seen<T> = { readonly value: T } | { readonly error: unknown };

async function attempt<T>(read: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error };
  }
}

function inVain({ what, seconds, seen }: { what: string; seconds: number; seen: Seen<unknown> }): Error {
  const last = 'value' in seen ? JSON.stringify(seen.value)?.slice(0, 2000) : String(seen.error);
  return new Error(`waited ${seconds} s in vain until ${what}; last seen: ${last}`);
}
