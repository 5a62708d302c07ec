import { describe, expect, it } from 'vitest';
import { readSignals } from './signals.ts';

const NOW = { cpu: 0.5, memoryMiB: 512, replicas: 4 };

describe('the signals', () => {
  it.each([
    [{ cpu: { value: 1.5, unit: 'cores' } }, { cpuCores: 1.5 }],
    [{ cpu_usage: { value: 1500, unit: 'm' } }, { cpuCores: 1.5 }],
    [{ cpu_percent: 50 }, { cpuCores: 1 }],
    [{ cpu_utilization: { value: 0.25, unit: 'ratio' } }, { cpuCores: 0.5 }],
    [{ memory: { value: 1, unit: 'GiB' } }, { memoryMiB: 1024 }],
    [{ memory_bytes: 1024 ** 2 }, { memoryMiB: 1 }],
    [{ latency: { value: 0.04, unit: 's' } }, { latencyMs: 40 }],
    [{ latency_ms: 12, latency_p99_ms: 90 }, { latencyMs: 90 }],
    [
      { error_rate: { value: 2, unit: '%' }, restarts: 3 },
      { errorRatio: 0.02, restarts: 3 },
    ],
    [{ ready_pods: { value: 3, unit: 'pods', ts: '2026-11-21T06:00:00Z' } }, { readyPods: 3 }],
  ])('%j are read', (signals, expected) => {
    expect(readSignals(signals, NOW)).toMatchObject({ ...expected, unreadable: [] });
  });

  it.each([
    { cpu: 0.5 },
    { latency: 40 },
    { cpu: { value: 'lots', unit: 'cores' } },
    { cpu_cores: Number.NaN },
    { cpu_cores: -1 },
    { memory: { value: 5, unit: 'apples' } },
    { memory: { value: 5, unit: 'constructor' } },
    { latency_ms: [40] },
  ])('%j is not guessed at: it is named with the units it could be in', signals => {
    const figures = readSignals(signals, NOW);
    const [name = ''] = Object.keys(signals);
    expect(figures.unreadable).toEqual([expect.stringContaining(`${name}: needs a number`)]);
    expect([figures.cpuCores, figures.memoryMiB, figures.latencyMs]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('that nobody knows change nothing', () => {
    expect(readSignals({ mood: 'good' }, NOW)).toEqual(readSignals({}, NOW));
  });
});
