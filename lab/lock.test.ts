import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withLock } from './lock.ts';

test('the second waits until the first has finished, and says whom it waits for', async () => {
  const path = lockPath();
  const order: string[] = [];
  let finish: (() => void) | undefined;
  const first = withLock({ path }, async () => {
    await new Promise<void>(resolve => {
      finish = resolve;
    });
    order.push('first');
  });
  const second = withLock({ path, onWait: pid => order.push(`waits for ${pid}`) }, async () =>
    order.push('second'),
  );
  await expect.poll(() => order).toEqual([`waits for ${process.pid}`]);
  finish?.();
  await Promise.all([first, second]);
  expect(order).toEqual([`waits for ${process.pid}`, 'first', 'second']);
});

test('a lock whose holder was killed counts for nothing', async () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'of an earlier process' }));
  expect(await withLock({ path }, async () => 'done')).toBe('done');
});

test('work that fails gives the lock back', async () => {
  const path = lockPath();
  await expect(withLock({ path }, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(existsSync(path)).toBe(false);
});

test('waiting can be called off', async () => {
  const path = lockPath();
  const stop = new AbortController();
  await withLock({ path }, async () => {
    const waiting = withLock(
      { path, signal: stop.signal, onWait: () => stop.abort(new Error('Ctrl-C')) },
      async () => 'never',
    );
    await expect(waiting).rejects.toThrow('Ctrl-C');
  });
});

function lockPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'lab-lock-')), 'lock');
}
