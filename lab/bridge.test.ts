import { expect, test } from 'vitest';
import { overlaps } from './bridge.ts';

const routes = `default via 192.0.2.1 dev eth0
10.88.1.0/24 dev rtai1 proto kernel scope link src 10.88.1.1
172.16.0.0/12 via 192.0.2.7 dev eth0
local 127.0.0.1 dev lo table local`;

test.each([
  ['10.88.0', false, 'lies beside a routed /24'],
  ['10.88.1', true, 'is routed itself'],
  ['172.20.3', true, 'lies in a routed /12'],
  ['127.0.0', true, 'holds a single routed address'],
  ['10.123.0', false, 'is not covered by the default route'],
])('%s.0/24 counts as taken: %s, because it %s', (subnet, taken) => {
  expect(overlaps(subnet, routes)).toBe(taken);
});
