import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Waiting } from '../db/waiting.ts';
import { createLog } from '../process/log.ts';
import { measureWaiting } from './waiting-metrics.ts';

test('each scrape shows what waits now, and nothing while that cannot be read', async () => {
  const registry = new Registry();
  const log = createLog('control', 'info', { write: () => undefined });
  let found: Waiting[] | Error = [{ stage: 'needs_attention', waiting: 2, oldestSeconds: 60 }];
  const read = async () => {
    if (found instanceof Error) throw found;
    return found;
  };
  measureWaiting(registry, { read, log });
  expect(await registry.metrics()).toContain('runtimeai_operations_waiting{stage="needs_attention"} 2');
  expect(await registry.metrics()).toContain('_oldest_seconds{stage="needs_attention"} 60');
  found = [];
  const after = await registry.metrics();
  expect(after).toContain('runtimeai_operations_waiting{stage="needs_attention"} 0');
  expect(after).toContain('_oldest_seconds{stage="needs_attention"} 0');
  found = new Error('the database is away');
  expect(await registry.metrics()).not.toContain('{stage=');
});
