import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewAuditRecord } from '../domain/audit.ts';
import { canonicalAroundTenant } from './canonical-record.ts';
import { completeRecord } from './complete.ts';
import { canonicalText } from './leaf.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const orNull = fc.option(text);
const record: fc.Arbitrary<NewAuditRecord> = fc.record(
  {
    actor: fc.record({
      id: text,
      name: text,
      kind: fc.constantFrom('human', 'agent', 'system', 'unknown'),
      on_behalf_of: orNull,
      credential: orNull,
    }),
    action: text,
    object: fc.record({ kind: text, id: orNull, name: orNull }),
    outcome: fc.constantFrom('accepted', 'succeeded', 'denied', 'refused', 'failed'),
    project: orNull,
    environment: orNull,
    reason: orNull,
    origin: fc.record({ address: orNull, request_id: orNull }),
    policy: fc.option(fc.record({ digest: text, answer: text, policy: text })),
    operation_id: orNull,
    workflow_id: orNull,
    details: fc.dictionary(
      fc.oneof(text, fc.nat().map(String)),
      fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    ),
  },
  { requiredKeys: ['actor', 'action', 'object', 'outcome'] },
);

test('the text of a record is the one that any canonical JSON library makes of it', () => {
  fc.assert(
    fc.property(record, wanted => {
      const complete = completeRecord(wanted);
      const text = canonicalAroundTenant(complete).join('acme');
      expect(text).toBe(canonicalText({ ...complete, tenant_id: 'acme' }));
    }),
  );
});
