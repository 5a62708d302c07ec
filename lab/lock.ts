import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

/** What is done by one process at a time. */
export interface LockOptions {
  path: string;
  onWait?: (pid: number) => void;
  signal?: AbortSignal | undefined;
}

/** Does work that two starts on one machine must not do at once; a lock whose holder has died counts for nothing. */
export async function withLock<T>({ path, onWait, signal }: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let saidSo = false;
  while (!take(path)) {
    signal?.throwIfAborted();
    const holder = holderOf(path);
    if (holder && isRunning(holder)) {
      if (!saidSo) onWait?.(holder.pid);
      saidSo = true;
      await delay(200);
    } else {
      await delay(100); // it may have been made this instant and not be written yet
      const still = holderOf(path);
      if (!still || !isRunning(still)) rmSync(path, { force: true });
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(identify(process.pid)), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // released meanwhile, or not written yet
  }
}
