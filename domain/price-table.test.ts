import { describe, expect, it } from 'vitest';
import { PriceTable } from './price-table.ts';
import { PRICES } from './rules/prices.ts';

const EUROS = { cpuHour: 0.04, gibHour: 0.005, gpuHour: 1, storageGibMonth: 0.1, unit: 'EUR' };

describe('a price table', () => {
  it.each([
    [PRICES],
    [EUROS],
    [{ ...EUROS, gpuHour: { default: 1, models: { A10: 0.8 } } }],
    [{ ...EUROS, sizes: { vm: { xlarge: 2.5 }, sandbox: {} } }],
  ])('may be %j', table => {
    expect(PriceTable.parse(table)).toEqual(table);
  });

  it.each([
    ['a negative price', { ...EUROS, cpuHour: -1 }],
    ['no unit', { ...EUROS, unit: '' }],
    ['a kind nobody knows', { ...EUROS, sizes: { pod: { small: 1 } } }],
    ['a size nobody knows', { ...EUROS, sizes: { vm: { huge: 1 } } }],
    ['GPU models without a default', { ...EUROS, gpuHour: { models: { A10: 1 } } }],
    ['a word it does not know', { ...EUROS, trafficGib: 1 }],
    ['a price left out', { cpuHour: 1, gibHour: 1, unit: 'EUR' }],
  ])('is refused with %s', (_, table) => {
    expect(PriceTable.safeParse(table).success).toBe(false);
  });
});
