import { isDeepStrictEqual } from 'node:util';
import { type KubernetesApi, sendUnless } from '../kubernetes-api.ts';
import type { Condition, Thing } from './objects.ts';

const PATHS = {
  machine: ['apis/kubevirt.io/v1', 'virtualmachines', 'kubevirt.io/v1', 'VirtualMachine'],
  instance: ['apis/kubevirt.io/v1', 'virtualmachineinstances', 'kubevirt.io/v1', 'VirtualMachineInstance'],
  migration: [
    'apis/kubevirt.io/v1',
    'virtualmachineinstancemigrations',
    'kubevirt.io/v1',
    'VirtualMachineInstanceMigration',
  ],
  instancetype: [
    'apis/instancetype.kubevirt.io/v1beta1',
    'virtualmachineinstancetypes',
    'instancetype.kubevirt.io/v1beta1',
    'VirtualMachineInstancetype',
  ],
  snapshot: [
    'apis/snapshot.kubevirt.io/v1beta1',
    'virtualmachinesnapshots',
    'snapshot.kubevirt.io/v1beta1',
    'VirtualMachineSnapshot',
  ],
  content: [
    'apis/snapshot.kubevirt.io/v1beta1',
    'virtualmachinesnapshotcontents',
    'snapshot.kubevirt.io/v1beta1',
    'VirtualMachineSnapshotContent',
  ],
  restore: [
    'apis/snapshot.kubevirt.io/v1beta1',
    'virtualmachinerestores',
    'snapshot.kubevirt.io/v1beta1',
    'VirtualMachineRestore',
  ],
  dataVolume: ['apis/cdi.kubevirt.io/v1beta1', 'datavolumes', 'cdi.kubevirt.io/v1beta1', 'DataVolume'],
  pod: ['api/v1', 'pods', 'v1', 'Pod'],
  claim: ['api/v1', 'persistentvolumeclaims', 'v1', 'PersistentVolumeClaim'],
  revision: ['apis/apps/v1', 'controllerrevisions', 'apps/v1', 'ControllerRevision'],
} as const;

export type Kind = keyof typeof PATHS;

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** The requests the stand-in makes, by kind. */
export interface Objects {
  list<T extends Thing>(kind: Kind, query?: string): Promise<readonly T[]>;
  get<T extends Thing>(kind: Kind, place: Place): Promise<T | undefined>;
  /** Nothing when it is there already. */
  create(
    kind: Kind,
    object: { metadata: object } & Record<string, unknown>,
    namespace: string,
  ): Promise<unknown>;
  /** JSON merge patch; gone by now is fine. */
  patch(kind: Kind, place: Place, patch: object): Promise<void>;
  /** Patches the status where that differs from what is there. */
  patchStatus(kind: Kind, object: Thing, status: object): Promise<void>;
  delete(kind: Kind, place: Place): Promise<void>;
}

/** The stand-in's requests over one API server; `onWrite` hears of each that may change something. */
export function objectsOf(api: KubernetesApi, onWrite: () => void): Objects {
  const write: KubernetesApi['send'] = (method, path, body) => {
    onWrite();
    return api.send(method, path, body);
  };
  return {
    async list<T>(kind: Kind, query = '') {
      const [root, plural] = PATHS[kind];
      const answer = (await api.send('GET', `/${root}/${plural}${query}`)) as { items: T[] };
      return answer.items;
    },
    get: async (kind, place) => (await sendUnless(404, () => api.send('GET', pathOf(kind, place)))) as never,
    create: (kind, object, namespace) => {
      const [root, plural, apiVersion, name] = PATHS[kind];
      const body = { apiVersion, kind: name, ...object };
      return sendUnless(409, () => write('POST', `/${root}/namespaces/${namespace}/${plural}`, body));
    },
    patch: async (kind, place, patch) => {
      await sendUnless(404, () => write('PATCH', pathOf(kind, place), patch));
    },
    patchStatus: async (kind, object, status) => {
      if (isSame(object.status ?? {}, status)) return;
      // Instances have no status subresource.
      const path = `${pathOf(kind, object.metadata)}${kind === 'instance' ? '' : '/status'}`;
      await sendUnless(404, () => write('PATCH', path, { status }));
    },
    delete: async (kind, place) => {
      await sendUnless(404, () => write('DELETE', pathOf(kind, place)));
    },
  };
}

/** API version and kind, for owner references. */
export function typeOf(kind: Kind): readonly [string, string] {
  const [, , apiVersion, name] = PATHS[kind];
  return [apiVersion, name];
}

function pathOf(kind: Kind, { namespace, name }: Place): string {
  const [root, plural] = PATHS[kind];
  return `/${root}/namespaces/${namespace}/${plural}/${name}`;
}

/** Whether a merge patch of the status would change nothing; the time a condition began is kept by whoever sets it. */
function isSame(before: object, patch: object): boolean {
  const old = before as Record<string, unknown>;
  return Object.entries(patch).every(([key, value]) => {
    if (value === null || value === undefined) return old[key] === undefined || old[key] === null;
    if (key === 'conditions') return isDeepStrictEqual(bare(old[key]), bare(value));
    return isDeepStrictEqual(old[key], value);
  });
}

function bare(conditions: unknown): unknown {
  if (!Array.isArray(conditions)) return conditions;
  return conditions.map(({ type, status, reason, message }: Condition) => [type, status, reason, message]);
}
