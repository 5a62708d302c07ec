import { describe, expect, it } from 'vitest';
import type { RuntimeSpec, RuntimeType } from '../runtime.ts';
import { footprintOf } from './footprint.ts';
import { monthlyCostOf, type Prices, savedPerHour, tariffOf } from './prices.ts';
import { resourcesOf, SIZES } from './sizes.ts';

const EUROS: Prices = {
  cpuHour: 0.04,
  gibHour: 0.005,
  gpuHour: { default: 1, models: { A10: 0.8 } },
  storageGibMonth: 0.1,
  sizes: { sandbox: { small: 0.02 } },
  unit: 'EUR',
};

const costOf = (type: RuntimeType, spec: RuntimeSpec, prices = EUROS) =>
  monthlyCostOf(footprintOf(type, spec), type, prices);

describe('the cost of a month', () => {
  it('is that of cores and memory for 730 hours', () => {
    expect(costOf('vm', { size: 'medium' })).toBeCloseTo((2 * 0.04 + 4 * 0.005) * 730);
  });

  it('is that of the size where it has a price of its own, for every pod', () => {
    expect(costOf('sandbox', { size: 'small' })).toBeCloseTo(0.02 * 730);
    const pooled: RuntimeSpec = { size: 'small', sandbox: { env: [], warm_pool: 2 } };
    expect(costOf('sandbox', pooled)).toBeCloseTo(3 * 0.02 * 730);
  });

  it('does not take the price of a size whose resources are overridden', () => {
    const bigger = { size: 'small', resources: { cpu: 8 } } as const;
    expect(costOf('sandbox', bigger)).toBeCloseTo((8 * 0.04 + 0.25 * 0.005) * 730);
  });

  it.each([
    ['2xA10', 2 * 0.8],
    ['1xH100', 1],
    ['1xconstructor', 1],
  ])('adds GPUs by their model, else by the default: %s', (gpu, hour) => {
    const without = costOf('vm', { size: 'small' });
    expect(costOf('vm', { size: 'small', resources: { gpu } })).toBeCloseTo(without + hour * 730);
  });

  it('adds GPUs at one price for all models', () => {
    const spec = { size: 'small', resources: { gpu: '3xA10' } } as const;
    const prices = { ...EUROS, gpuHour: 2 };
    expect(costOf('vm', spec, prices) - costOf('vm', { size: 'small' }, prices)).toBeCloseTo(6 * 730);
  });

  it('adds volumes by the month, not by the hour', () => {
    const spec = { size: 'small', vm: { disk: '50Gi' } } as const;
    expect(costOf('vm', spec) - costOf('vm', { size: 'small' })).toBeCloseTo(5);
  });
});

describe('the tariff of a runtime', () => {
  const SPECS: [RuntimeType, RuntimeSpec][] = [
    ['vm', { size: 'large', resources: { gpu: '2xA10' }, vm: { disk: '20Gi' } }],
    ['sandbox', { size: 'small', sandbox: { env: [], warm_pool: 2, storage: '1Gi' } }],
    ['vcluster', { size: 'xlarge' }],
  ];

  it.each(SPECS)('is as the cost of a month for the %s it was made for', (type, spec) => {
    const tariff = tariffOf({ type, spec }, EUROS);
    expect(tariff.perMonth(resourcesOf(type, spec))).toBeCloseTo(costOf(type, spec));
  });

  it('takes the price of the size it is scaled to, and the GPUs of every pod', () => {
    const tariff = tariffOf({ type: 'sandbox', spec: { resources: { cpu: 3, gpu: '1xA10' } } }, EUROS);
    expect(tariff.perMonth(SIZES.sandbox.small)).toBeCloseTo((0.02 + 0.8) * 730);
  });

  it('leaves warm pool and volumes of what is stopped', () => {
    const spec: RuntimeSpec = { size: 'small', sandbox: { env: [], warm_pool: 2, storage: '1Gi' } };
    const tariff = tariffOf({ type: 'sandbox', spec }, EUROS);
    expect(tariff.perMonth({ ...SIZES.sandbox.small, replicas: 0 })).toBeCloseTo(2 * 0.02 * 730 + 3 * 0.1);
    expect(savedPerHour(tariff, SIZES.sandbox.small)).toBeCloseTo(0.02);
  });
});
