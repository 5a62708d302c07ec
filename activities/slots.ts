import { ApplicationFailure } from '@temporalio/common';
import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import { PROJECT_LABEL, TENANT_LABEL } from '../domain/rules/labels.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { beating } from './release/beating.ts';
import { together, translating } from './release/failures.ts';
import { slotNamespace, slotObjects } from './slot-objects.ts';

export interface SlotActivities {
  /** Makes sure the tenant's namespace exists with quota, limits, default-deny network policy and Pod Security labels. Safe to repeat. */
  ensureSlot(input: { readonly target: ReleaseTarget; readonly quota: SlotQuota }): Promise<void>;
}

type SlotInput = Parameters<SlotActivities['ensureSlot']>[0];

export interface SlotDependencies {
  readonly kubernetes: Pick<KubernetesClient, 'get' | 'apply'>;
  readonly log: { info(fields: object, message: string): void };
}

/** Makes the activity that keeps a tenant's namespace as it must be. */
export function createSlotActivities(dependencies: SlotDependencies): SlotActivities {
  const confirmed = new Confirmed();
  return {
    ensureSlot: input =>
      beating(() => translating(() => confirmed.once(input, () => ensureSlot(dependencies, input)))),
  };
}

async function ensureSlot(
  { kubernetes, log }: SlotDependencies,
  { target, quota }: SlotInput,
): Promise<void> {
  const wanted = slotNamespace(target);
  const found = await kubernetes.get({ apiVersion: 'v1', kind: 'Namespace', name: target.namespace });
  if (found) refuseForeign(found, wanted, target);
  if (!found || lacksLabels(found, wanted)) await kubernetes.apply(wanted, { force: true });
  await together(slotObjects(target, quota).map(object => kubernetes.apply(object, { force: true })));
  if (!found) log.info({ tenant: target.tenantId, namespace: target.namespace }, 'slot made');
}

function refuseForeign(found: KubernetesObject, wanted: KubernetesObject, target: ReleaseTarget): void {
  const name = found.metadata.name;
  const labels = found.metadata.labels ?? {};
  const owners = OWNER_LABELS.filter(label => labels[label] !== wanted.metadata.labels?.[label]);
  if (owners.length > 0) {
    const marks = owners.map(label => `${label}=${labels[label] ?? '(none)'}`).join(', ');
    throw slotFailure(
      'SlotForeign',
      `Namespace ${name} exists but is not the one of tenant ${target.tenantId}, project ${target.project}: ${marks}. Nothing was changed.`,
      `Remove it or, if it shall serve this project, set its labels ${OWNER_LABELS.join(', ')}; then deploy again.`,
    );
  }
  if (found.metadata.deletionTimestamp !== undefined)
    throw slotFailure(
      'SlotTerminating',
      `Namespace ${name} is being deleted since ${found.metadata.deletionTimestamp}, so nothing can be put into it.`,
      'It is tried again until the namespace is gone; if it stays, look at what in it still has finalizers.',
    );
}

const OWNER_LABELS = [TENANT_LABEL, PROJECT_LABEL];

function lacksLabels(found: KubernetesObject, wanted: KubernetesObject): boolean {
  const labels = found.metadata.labels ?? {};
  return Object.entries(wanted.metadata.labels ?? {}).some(([name, value]) => labels[name] !== value);
}

function slotFailure(
  type: 'SlotForeign' | 'SlotTerminating',
  message: string,
  nextStep: string,
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `${message} ${nextStep}`,
    nonRetryable: type === 'SlotForeign',
    details: [{ nextStep }],
  });
}

const CONFIRMATION_MS = 60_000;

/** What was made sure of lately need not be looked at again; what is being made sure of is done once for all who ask. */
class Confirmed {
  private readonly slots = new Map<string, { readonly done: Promise<void>; readonly at: number }>();

  async once({ target, quota }: SlotInput, ensure: () => Promise<void>): Promise<void> {
    const key = JSON.stringify([target.namespace, target.tenantId, target.project, quota]);
    const now = performance.now();
    for (const [other, { at }] of this.slots) if (now - at > CONFIRMATION_MS) this.slots.delete(other);
    const known = this.slots.get(key);
    if (known) return known.done;
    const done = ensure();
    this.slots.set(key, { done, at: now });
    done.catch(() => this.slots.delete(key));
    return done;
  }
}
