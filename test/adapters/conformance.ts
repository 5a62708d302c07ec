import { describe } from 'vitest';
import { describeCancelling } from './conformance/cancelling.ts';
import { describeCreation } from './conformance/creation.ts';
import { describeEgress } from './conformance/egress.ts';
import { describeMigrating } from './conformance/migrating.ts';
import { describePower } from './conformance/power.ts';
import { describePromises } from './conformance/promises.ts';
import { describeRestarting } from './conformance/restarting.ts';
import { describeScaling } from './conformance/scaling.ts';
import { describeSnapshots } from './conformance/snapshots.ts';
import type { Conformance } from './conformance/suite.ts';

export type { Conformance };

/**
 * What every adapter must pass, on a real API server: the common floor under its own tests. Call it in a test file of
 * the vitest project `parts`; docs/adapters.md shows how.
 */
export function describeConformance(suite: Conformance): void {
  const can = (capability: Conformance['capabilities'][number]) => suite.capabilities.includes(capability);
  describe(`the adapter ${suite.name}`, () => {
    describePromises(suite);
    describeCreation(suite);
    describeCancelling(suite);
    describeEgress(suite);
    if (can('stop')) describePower(suite);
    if (can('restart')) describeRestarting(suite);
    if (can('scale')) describeScaling(suite);
    if (can('snapshot')) describeSnapshots(suite);
    if (can('migrate')) describeMigrating(suite);
  });
}
