import { type KubernetesApi, sendUnless, waitFor } from '../kubernetes-api.ts';

/** A definition of a custom kind, as far as the lab touches it. */
export interface CustomKind {
  metadata: { name: string; [field: string]: unknown };
  spec: { versions: { name: string; [field: string]: unknown }[]; [field: string]: unknown };
  [field: string]: unknown;
}

/** The definition with one version only and no conversion, which would need a webhook that the lab does not run. */
export function onlyVersion(kind: CustomKind, version: string): CustomKind {
  const versions = kind.spec.versions.filter(({ name }) => name === version);
  if (versions.length === 0) throw new Error(`${kind.metadata.name} has no version ${version}.`);
  return {
    ...kind,
    spec: {
      ...kind.spec,
      conversion: { strategy: 'None' },
      versions: versions.map(one => ({ ...one, served: true, storage: true })),
    },
  };
}

/** Installs custom kinds, or brings kept ones to what is wanted now; they can be used when it returns. */
export async function installCustomKinds(
  api: KubernetesApi,
  { kinds, signal }: { readonly kinds: readonly CustomKind[]; readonly signal: AbortSignal },
): Promise<void> {
  for (const kind of kinds) await install(api, kind);
  await Promise.all(
    kinds.map(({ metadata: { name } }) =>
      waitFor(`the custom kind ${name}`, { until: () => established(api, name), seconds: 60, signal }),
    ),
  );
}

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

async function install(api: KubernetesApi, kind: CustomKind): Promise<void> {
  const made = await sendUnless(409, () => api.send('POST', definitions, kind));
  if (!made) await api.send('PATCH', `${definitions}/${kind.metadata.name}`, { spec: kind.spec });
}

async function established(api: KubernetesApi, name: string): Promise<true | string> {
  const { status } = (await api.send('GET', `${definitions}/${name}`)) as {
    status?: { conditions?: { type: string; status: string; message?: string }[] };
  };
  const condition = status?.conditions?.find(({ type }) => type === 'Established');
  return condition?.status === 'True' || (condition?.message ?? 'not looked at yet');
}
