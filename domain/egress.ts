import { z } from 'zod';
import { Cidrs, Namespaces } from './kubernetes-text.ts';

// As many as one data_egress rule may name.
const MOST = 40;

/** Where a runtime of any kind with restricted egress may go: to DNS on port 53, and to the rest on every port. */
export const RestrictedEgress = z.strictObject({
  dnsNamespaces: Namespaces.default(['kube-system']),
  dnsCidrs: Cidrs.default([]),
  namespaces: Namespaces.max(MOST).default([]),
  cidrs: Cidrs.max(MOST).default([]),
});
export type RestrictedEgress = z.infer<typeof RestrictedEgress>;
