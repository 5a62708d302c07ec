import { z } from 'zod';
import { Scheduling } from './chart-values.ts';
import { UserKey } from './kubernetes-text.ts';

/** What a word such as `pci` asks of a runtime's pods: the nodes they run on, and labels that others look for. */
export const ComplianceRule = Scheduling.extend({
  labels: z
    .record(
      UserKey,
      z
        .string()
        .max(63)
        .regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/),
    )
    .default({}),
});
export type ComplianceRule = z.infer<typeof ComplianceRule>;

/** The words an installation knows, each with what it asks. */
export const ComplianceRules = z.record(z.string().min(1).max(32), ComplianceRule);
export type ComplianceRules = z.infer<typeof ComplianceRules>;
