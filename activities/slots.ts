import type { KubernetesObject } from '../clients/kubernetes/objects.ts';
import type { KubernetesClient } from '../clients/kubernetes/requests.ts';
import type { ReleaseTarget } from '../domain/deployment.ts';
import { PROJECT_LABEL, TENANT_LABEL } from '../domain/rules/labels.ts';
import type { PodSecurity } from '../domain/rules/slot.ts';
import type { SlotQuota } from '../domain/tenant.ts';
import { failure, together, translating } from './failures.ts';
import { slotNamespace, slotObjects } from './slot-objects.ts';

/** The namespaces agents live in, one per project. Part of planning: there is nothing to compare with before it exists. */
export interface Slots {
  /** Makes sure the tenant's namespace exists with quota, limits, default-deny network policy and Pod Security labels. Safe to repeat. */
  ensureSlot(input: {
    readonly target: ReleaseTarget;
    readonly quota: SlotQuota;
    /** `restricted` unless said otherwise. */
    readonly podSecurity?: PodSecurity;
  }): Promise<void>;
}

type SlotInput = Parameters<Slots['ensureSlot']>[0];

export interface SlotDependencies {
  readonly kubernetes: Pick<KubernetesClient, 'get' | 'apply'>;
  readonly log: { info(fields: object, message: string): void };
}

/** Makes what keeps a tenant's namespace as it must be. */
export function createSlots(dependencies: SlotDependencies): Slots {
  const confirmed = new Confirmed(namespace => uidOf(dependencies, namespace));
  return {
    ensureSlot: input => translating(() => confirmed.once(input, () => ensureSlot(dependencies, input))),
  };
}

async function uidOf({ kubernetes }: SlotDependencies, name: string): Promise<string | undefined> {
  const found = await kubernetes.get({ apiVersion: 'v1', kind: 'Namespace', name });
  return found?.metadata.deletionTimestamp === undefined ? found?.metadata.uid : undefined;
}

/** Answers the uid of the namespace. */
async function ensureSlot(
  { kubernetes, log }: SlotDependencies,
  { target, quota, podSecurity = 'restricted' }: SlotInput,
): Promise<string | undefined> {
  const wanted = slotNamespace(target, podSecurity);
  const found = await kubernetes.get({ apiVersion: 'v1', kind: 'Namespace', name: target.namespace });
  if (found) refuseForeign(found, wanted, target);
  const namespace =
    !found || lacksLabels(found, wanted) ? await kubernetes.apply(wanted, { force: true }) : found;
  await together(slotObjects(target, quota).map(object => kubernetes.apply(object, { force: true })));
  if (!found) log.info({ tenant: target.tenantId, namespace: target.namespace }, 'slot made');
  return namespace.metadata.uid;
}

function refuseForeign(found: KubernetesObject, wanted: KubernetesObject, target: ReleaseTarget): void {
  const name = found.metadata.name;
  const labels = found.metadata.labels ?? {};
  const owners = OWNER_LABELS.filter(label => labels[label] !== wanted.metadata.labels?.[label]);
  if (owners.length > 0) {
    const marks = owners.map(label => `${label}=${labels[label] ?? '(none)'}`).join(', ');
    throw failure(
      'slot_foreign',
      `Namespace ${name} exists but is not the one of tenant ${target.tenantId}, project ${target.project}: ${marks}. Nothing was changed.`,
      {
        nextStep: `Remove it or, if it shall serve this project, set its labels ${OWNER_LABELS.join(', ')}; then deploy again.`,
      },
    );
  }
  if (found.metadata.deletionTimestamp !== undefined)
    throw failure(
      'slot_terminating',
      `Namespace ${name} is being deleted since ${found.metadata.deletionTimestamp}, so nothing can be put into it.`,
      {
        nextStep:
          'It is tried again until the namespace is gone; if it stays, look at what in it still has finalizers.',
        retryable: true,
      },
    );
}

const OWNER_LABELS = [TENANT_LABEL, PROJECT_LABEL];

function lacksLabels(found: KubernetesObject, wanted: KubernetesObject): boolean {
  const labels = found.metadata.labels ?? {};
  return Object.entries(wanted.metadata.labels ?? {}).some(([name, value]) => labels[name] !== value);
}

const CONFIRMATION_MS = 60_000;

interface Confirmation {
  readonly quota: string;
  /** Answers the uid of the namespace. */
  readonly done: Promise<string | undefined>;
  readonly at: number;
}

/**
 * What was made sure of lately need not be looked at again, as long as it is still the same namespace: somebody may have
 * deleted it meanwhile. What is being made sure of is done once for all who ask. Only the last quota counts: one that was set and taken back within the minute is put in place again.
 */
class Confirmed {
  private readonly slots = new Map<string, Confirmation>();
  private readonly uidOf: (namespace: string) => Promise<string | undefined>;

  /** `uidOf` answers nothing for a namespace that is gone or going. */
  constructor(uidOf: (namespace: string) => Promise<string | undefined>) {
    this.uidOf = uidOf;
  }

  async once(input: SlotInput, ensure: () => Promise<string | undefined>): Promise<void> {
    const { namespace, tenantId, project } = input.target;
    const slot = JSON.stringify([namespace, tenantId, project]);
    const quota = JSON.stringify(input.quota);
    this.forgetOld();
    const known = this.slots.get(slot);
    if (known?.quota === quota && (await known.done) === (await this.uidOf(namespace))) return;
    // One after the other, so that the later quota is the one that stays.
    const done = Promise.allSettled([known?.done]).then(ensure);
    const confirmation = { quota, done, at: performance.now() };
    this.slots.set(slot, confirmation);
    done.catch(() => this.forget(slot, confirmation));
    await done;
  }

  private forgetOld(): void {
    const now = performance.now();
    for (const [slot, { at }] of this.slots) if (now - at > CONFIRMATION_MS) this.slots.delete(slot);
  }

  private forget(slot: string, failed: Confirmation): void {
    if (this.slots.get(slot) === failed) this.slots.delete(slot);
  }
}
