import type { Step } from '../../domain/change.ts';
import { type Placement, placementOf } from '../../domain/rules/placement.ts';
import { resourcesOf } from '../../domain/rules/sizes.ts';
import { ownerLabels } from '../ownership.ts';
import { forcedInside } from './inside.ts';
import { networkPolicies } from './network.ts';
import { vclusterWish } from './refusals.ts';
import type { VClusterSettings } from './settings.ts';
import { snapshotPortOf } from './snapshot-location.ts';

/**
 * How the virtual cluster keeps its state. Decided when it is made: the embedded database serves one replica, several
 * need an etcd of their own, and vcluster cannot go from one to the other.
 */
export type BackingStore =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'etcd'; readonly replicas: number };

/**
 * The values of the vcluster chart for what a step wants; stopped is rendered with no replicas. Nothing in them is of
 * this one operation: the chart restarts the control plane whenever any value has changed.
 */
export function valuesOf(
  step: Step,
  store: BackingStore,
  settings: VClusterSettings,
): Readonly<Record<string, unknown>> {
  const { spec } = step.desired;
  const placement = placementOf(vclusterWish(spec), settings);
  return {
    telemetry: { enabled: false },
    sync: forcedInside(spec, settings),
    // Inside as outside: pods the host's namespace would refuse are refused where their owner sees it.
    policies: { podSecurityStandard: 'restricted', networkPolicy: { enabled: false } },
    controlPlane: {
      advanced: {
        ...(settings.registry === undefined ? {} : { defaultImageRegistry: settings.registry }),
        ...serviceAccountLabels(step),
      },
      distro: { k8s: { ...versionOf(step), securityContext: CONTAINER_SECURITY } },
      backingStore: backingStore({ step, store, settings, placement }),
      service: { labels: ownerLabels(step.target) },
      statefulSet: controlPlane({ step, store, settings, placement }),
    },
    experimental: { deploy: { host: { manifests: extraManifests(step, spec.networking, settings) } } },
  };
}

/** Whom containers run as: restricted pods may not be root, which the chart's default is. */
const USER = 12_345;
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  capabilities: { drop: ['ALL'] },
};
const SECURITY = {
  podSecurityContext: { fsGroup: USER, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containerSecurityContext: CONTAINER_SECURITY,
};

interface Placed {
  readonly step: Step;
  readonly store: BackingStore;
  readonly settings: VClusterSettings;
  readonly placement: Placement;
}

function controlPlane({ step, store, settings, placement }: Placed): object {
  const { target, desired } = step;
  const { runtimeClassName } = placement;
  const labels = ownerLabels(target);
  const stopped = desired.power === 'stopped';
  const { replicas } = resourcesOf('vcluster', desired.spec);
  return {
    labels,
    pods: { labels: { ...placement.podLabels, ...labels } },
    image: imageParts(settings.image),
    resources: controlPlaneResources(step),
    highAvailability: { replicas: stopped ? 0 : replicas },
    security: SECURITY,
    scheduling: placement.scheduling,
    ...(runtimeClassName === null ? {} : { runtimeClassName }),
    ...(store.kind === 'embedded' ? { persistence: volume(step, settings) } : {}),
  };
}

function backingStore({ step, store, settings, placement }: Placed): object {
  if (store.kind === 'embedded') return { database: { embedded: { enabled: true } } };
  const labels = ownerLabels(step.target);
  const statefulSet = {
    labels,
    pods: { labels: { ...placement.podLabels, ...labels } },
    highAvailability: { replicas: store.replicas },
    resources: { requests: { cpu: '50m', memory: '150Mi' }, limits: { cpu: '1', memory: '1Gi' } },
    security: SECURITY,
    scheduling: placement.scheduling,
    persistence: volume(step, settings),
  };
  return { etcd: { deploy: { enabled: true, statefulSet } } };
}

/** `registry/repository:tag` in the three parts the chart takes; it has no place for a digest. */
function imageParts(reference: string): { registry: string; repository: string; tag: string } {
  const [, registry = '', repository = '', tag = ''] =
    /^(?:([^/]*[.:][^/]*|localhost)\/)?([^:@]+):([^:@/]+)$/.exec(reference) ?? [];
  return { registry, repository, tag };
}

/** An API server and a controller manager need more than a small size requests: the limit is never below the chart's 4Gi. */
const LEAST_MEMORY_LIMIT_MIB = 4096;

function controlPlaneResources({ desired }: Step): object {
  const { cpu, memoryMiB } = resourcesOf('vcluster', desired.spec);
  return {
    requests: { cpu: `${Math.round(cpu * 1000)}m`, memory: `${memoryMiB}Mi` },
    limits: {
      cpu: `${Math.round(Math.max(1, 2 * cpu) * 1000)}m`,
      memory: `${Math.max(LEAST_MEMORY_LIMIT_MIB, memoryMiB)}Mi`,
    },
  };
}

function volume({ desired }: Step, { storageClass }: VClusterSettings): object {
  const size = desired.spec.vcluster?.storage ?? '5Gi';
  return { volumeClaim: { size, ...(storageClass === undefined ? {} : { storageClass }) } };
}

/** The tag of the Kubernetes image is a full version; `1.36` means its first patch. */
function versionOf({ desired }: Step): { version?: string } {
  const wanted = desired.spec.vcluster?.kubernetes_version;
  if (wanted === undefined) return {};
  return { version: /^1\.[0-9]+$/.test(wanted) ? `v${wanted}.0` : `v${wanted}` };
}

function serviceAccountLabels({ target }: Step): object {
  const labels = ownerLabels(target);
  return { serviceAccount: { labels }, workloadServiceAccount: { labels }, headlessService: { labels } };
}

function extraManifests(
  { target }: Step,
  networking: Step['desired']['spec']['networking'],
  settings: VClusterSettings,
): string {
  const { restrictedEgress } = settings;
  const ways = { snapshotPort: snapshotPortOf(settings), restrictedEgress };
  const policies = networkPolicies(target, networking, ways);
  return policies.map(object => JSON.stringify(object)).join('\n---\n');
}
