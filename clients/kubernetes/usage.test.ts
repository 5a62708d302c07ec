import { describe, expect, it } from 'vitest';
import { coresOf, mebibytesOf, parseCounters } from './usage.ts';

const CONTAINERS = `# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="agent",namespace="ns",pod="a"} 1.5 1700000000000
container_cpu_usage_seconds_total{container="side",namespace="ns",pod="a"} 0.5 1700000000000
container_memory_working_set_bytes{container="agent",namespace="ns",pod="a"} 1.048576e+06 1700000000000
container_memory_working_set_bytes{container="side",namespace="ns",pod="a"} 2.097152e+06 1700000000000
node_cpu_usage_seconds_total 99 1700000000000
scrape_error 0
`;
const PODS = `pod_cpu_usage_seconds_total{namespace="ns",pod="a"} 2.25 1700000001000
pod_memory_working_set_bytes{namespace="ns",pod="a"} 4194304
`;

describe('what a kubelet counts', () => {
  it('is summed over the containers of a pod', () => {
    expect(parseCounters(CONTAINERS)).toEqual([
      { namespace: 'ns', pod: 'a', cpuSeconds: 2, memoryMiB: 3, countedAt: 1_700_000_000_000 },
    ]);
  });

  it('is that of the whole pod where the kubelet says it', () => {
    expect(parseCounters(CONTAINERS + PODS)).toEqual([
      { namespace: 'ns', pod: 'a', cpuSeconds: 2.25, memoryMiB: 4, countedAt: 1_700_000_001_000 },
    ]);
  });

  it('is left out for a pod that lacks a figure', () => {
    expect(parseCounters(PODS.slice(PODS.indexOf('\n') + 1))).toEqual([]);
  });
});

describe('quantities', () => {
  it.each([
    ['2', 2],
    ['250m', 0.25],
    ['1529000n', 0.001529],
    ['12u', 0.000012],
    ['lots', undefined],
  ])('%s of CPU', (quantity, cores) => {
    const read = coresOf(quantity);
    expect(read === undefined ? undefined : Math.round(read * 1e9) / 1e9).toBe(cores);
  });

  it.each([
    ['2048Ki', 2],
    ['3Gi', 3072],
    ['1048576', 1],
    ['1Zi', undefined],
  ])('%s of memory', (quantity, mebibytes) => {
    expect(mebibytesOf(quantity)).toBe(mebibytes);
  });
});
